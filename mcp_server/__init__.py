"""The MCP server: tools and resources over the core. It translates and calls; it decides nothing."""

// A scenario through @notionhq/client: node notion.mjs URL TOKEN DATA_SOURCE, and what came of it as JSON.
// tests/conformance/test_notion_clients.py plays the same one through Python's notion-client.
import { APIErrorCode, Client, isNotionClientError, iteratePaginatedAPI, LogLevel } from "@notionhq/client"

const [url, token, source] = process.argv.slice(2)
const notion = new Client({ auth: token, baseUrl: url, notionVersion: "2026-03-11", logLevel: LogLevel.ERROR, retry: false })
const told = []
const title = (words) => ({ Name: { title: [{ text: { content: words } }] } })
const words = (page) => page.properties.Name.title.map((one) => one.plain_text).join("")

async function refused(doing) {
  try {
    await doing()
    return "done"
  } catch (error) {
    return isNotionClientError(error) ? `${error.code}: ${error.message}` : `not Notion's: ${error}`
  }
}

const me = await notion.users.me({})
told.push(["me", me.type, me.name])
const page = await notion.pages.create({ parent: { data_source_id: source }, properties: title("Neu — ü 🚀") })
told.push(["created", words(page), page.created_time, page.parent.type])
const changed = await notion.pages.update({
  page_id: page.id,
  properties: { Value: { number: 7 }, Status: { status: { name: "Delivery" } } },
})
told.push(["changed", changed.properties.Value.number, changed.properties.Status.status.name])
const again = await notion.pages.retrieve({ page_id: page.id })
told.push(["again", again.id === page.id, again.in_trash, "archived" in again])
const found = []
for await (const row of iteratePaginatedAPI(notion.dataSources.query, {
  data_source_id: source,
  page_size: 40,
  sorts: [{ property: "Name", direction: "ascending" }],
})) found.push(words(row))
told.push(["all", found.length, found[0], found[found.length - 1]])
const some = await notion.dataSources.query({
  data_source_id: source,
  filter: { and: [{ property: "Value", number: { greater_than: 5 } }, { property: "Name", title: { contains: "ü" } }] },
})
told.push(["some", some.results.map(words), some.has_more])
const schema = await notion.dataSources.retrieve({ data_source_id: source })
told.push(["schema", Object.keys(schema.properties).sort()])
const item = await notion.pages.properties.retrieve({ page_id: page.id, property_id: page.properties.Name.id })
told.push(["item", item.object, item.results.length])
const paragraph = { paragraph: { rich_text: [{ text: { content: "Why" } }] } }
await notion.blocks.children.append({ block_id: page.id, children: [paragraph] })
const body = await notion.blocks.children.list({ block_id: page.id })
told.push(["body", body.results.map((one) => one.type)])
told.push(["markdown", (await notion.pages.retrieveMarkdown({ page_id: page.id })).markdown])
await notion.comments.create({ parent: { page_id: page.id }, rich_text: [{ text: { content: "So?" } }] })
told.push(["comments", (await notion.comments.list({ block_id: page.id })).results.length])
told.push(["search", (await notion.search({ query: "neu" })).results.map(words)])
const trashed = await notion.pages.update({ page_id: page.id, in_trash: true })
told.push(["trashed", trashed.in_trash])
told.push(["gone", await refused(() => notion.pages.retrieve({ page_id: "6f1f5a52-0f0c-4a53-9d3e-5e6c0f9a7b11" }))])
told.push(["wrong", await refused(() => notion.pages.create({ parent: { data_source_id: source }, properties: { No: { number: 1 } } }))])
told.push(["busy", await refused(() => notion.users.list({})), APIErrorCode.RateLimited])
console.log(JSON.stringify(told))

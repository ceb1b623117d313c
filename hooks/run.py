"""run.py EVENT ROOT: the entry of every hook, under `python3 -I -S`. Kept tiny: what it imports is compiled once and
cached.
"""

import os
import sys

_plugin = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# In a checkout onefirm lies beside hooks/; in a wheel the plugin is onefirm/_shipped. Behind the standard library,
# never before it.
sys.path += (
    [_plugin] if os.path.isdir(_plugin + "/onefirm/sessions") else [os.path.dirname(os.path.dirname(_plugin)), _plugin]
)

from hooks import frame  # noqa: E402

code = frame.main(sys.argv[1], sys.argv[2])
# Everything is written and closed: taking the interpreter apart would only cost the session another 3 ms.
os._exit(code)

"""A strict local stand-in for Claude's Messages API, for demos, tests and benchmarks.

It rejects the requests that the API rejects, and counts and caches tokens as the API does. Its
answers are scripted, or consist of text from the request. It imports nothing from the rest of the
package and is not imported by it.

`server` handles a request. `request_rules` checks it. A scripted answer (`scripted_answers`) or
`default_answers` answers it, `response_composing` limits the answer and counts its tokens, and
`response_sending` sends it. `running` starts a stand-in, and `standin_control` controls it.
"""

from sitechat.standin.running import Standin, StandinProcess
from sitechat.standin.scripted_answers import Answer, Record
from sitechat.standin.standin_control import StandinControl

__all__ = ["Answer", "Record", "Standin", "StandinControl", "StandinProcess"]

"""A strict local stand-in of Claude's Messages API, for demos, tests and benchmarks.

It refuses what the API refuses, counts and caches as the API does, and answers by a script or
from what a request holds.
"""

from sitechat.standin.control import StandinControl
from sitechat.standin.running import Standin, StandinProcess
from sitechat.standin.script import Answer, Record

__all__ = ["Answer", "Record", "Standin", "StandinControl", "StandinProcess"]

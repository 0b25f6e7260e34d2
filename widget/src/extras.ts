/** Entry point of the extras script, which is loaded when a conversation needs more than messages. */

import { createExtras } from "./extras/extras"
import { install } from "./shared/install"

install("extras", createExtras)

/** The script that is fetched when a conversation needs more than messages. */

import { createExtras } from "./extras/extras"
import { install } from "./shared/install"

install("extras", createExtras)

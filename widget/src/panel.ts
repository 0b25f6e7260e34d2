/** Entry point of the panel script, which is loaded when a visitor wants to chat. */

import { install } from "./shared/install"
import { createPanel } from "./view/chat"

install("panel", createPanel)

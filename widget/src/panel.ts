/** Entry point of the panel script, which is loaded when a visitor wants to chat. */

import { install } from "./shared/install"
import { createChat } from "./view/chat"

install("panel", createChat)

/** The script that is fetched when somebody wants to chat. */

import { install } from "./shared/install"
import { createChat } from "./view/chat"

install("panel", createChat)

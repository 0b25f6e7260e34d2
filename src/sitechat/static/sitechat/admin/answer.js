// Shows what is new in a conversation, and sends answers and notes without leaving the page.
"use strict";

(() => {
  const INTERVAL = 2000;
  const TYPING_INTERVAL = 3000;

  const page = document.querySelector(".chat-desk");
  const talk = document.getElementById("chat-talk");
  const now = document.getElementById("chat-now");
  const lost = document.getElementById("chat-lost");
  const reply = document.getElementById("chat-reply");
  const text = document.getElementById("chat-text");
  const kept = `sitechat.draft.${location.pathname}`;
  let cursor = page.dataset.cursor;
  let timer = 0;
  let looking = false;
  let typed = 0;

  // crypto.randomUUID needs HTTPS.
  const newId = () => {
    const digits = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join("");
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
  };
  const isAtEnd = () => talk.scrollHeight - talk.scrollTop - talk.clientHeight < 60;
  const toEnd = () => {
    talk.scrollTop = talk.scrollHeight;
  };

  function show(data) {
    const follows = isAtEnd();
    // DOMParser runs no script; the server has escaped every text.
    const parsed = new DOMParser().parseFromString(data.html, "text/html");
    for (const line of parsed.querySelectorAll("li.chat-said")) {
      const old = document.getElementById(line.id);
      if (!old) {
        talk.append(line);
      } else if (old.textContent !== line.textContent) {
        old.replaceWith(line);
      }
    }
    cursor = data.cursor;
    page.dataset.state = data.state;
    if (now.textContent !== data.words) {
      now.textContent = data.words;
    }
    if (follows) {
      toEnd();
    }
  }

  // Keeps the text of a form when the page is left. Its id is kept, too, so that the server can drop
  // a text that it already has.
  function keep(form, field) {
    const key = `${kept}.${form.elements.action.value}`;
    if (!field.value && sessionStorage.getItem(key)) {
      field.value = sessionStorage.getItem(key);
      // The server may have the text, although its response was lost.
      form.elements.draft.value = sessionStorage.getItem(`${key}.id`) || newId();
    }
    field.addEventListener("input", () => {
      if (field.value) {
        sessionStorage.setItem(key, field.value);
        sessionStorage.setItem(`${key}.id`, form.elements.draft.value);
      } else {
        sessionStorage.removeItem(key);
        sessionStorage.removeItem(`${key}.id`);
      }
    });
  }

  function warn(message) {
    lost.textContent = message;
    lost.hidden = !message;
  }

  async function look() {
    clearTimeout(timer);
    if (looking) {
      return;
    }
    looking = true;
    try {
      const answer = await fetch(`${page.dataset.live}?after=${encodeURIComponent(cursor)}`, {
        headers: { Accept: "application/json" },
      });
      const data = await answer.json();
      if (data.gone) {
        warn(data.error);
        page.dataset.state = "gone";
        return;
      }
      show(data);
      warn("");
    } catch {
      warn(page.dataset.lost);
    } finally {
      looking = false;
    }
    timer = setTimeout(look, INTERVAL);
  }

  async function post(form, values) {
    const body = new FormData(form);
    for (const [name, value] of Object.entries(values)) {
      body.set(name, value);
    }
    const answer = await fetch(form.getAttribute("action"), {
      method: "POST",
      body,
      headers: { Accept: "application/json" },
    });
    return answer.json();
  }

  for (const form of document.querySelectorAll("form[data-ajax]")) {
    const field = form.querySelector("textarea");
    const problem = form.querySelector(".chat-failed");
    const button = form.querySelector("button");
    keep(form, field);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (button.disabled) {
        return; // a key can submit again while the text is being sent
      }
      button.disabled = true;
      problem.textContent = "";
      try {
        const data = await post(form, {});
        if (data.error) {
          problem.textContent = data.error;
        } else {
          field.value = "";
          form.elements.draft.value = newId();
          field.dispatchEvent(new Event("input"));
          toEnd();
        }
        look();
      } catch {
        problem.textContent = page.dataset.lost;
      }
      button.disabled = false;
      field.focus();
    });
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        form.requestSubmit();
      }
    });
  }

  text.addEventListener("input", () => {
    const time = Date.now();
    if (text.value && page.dataset.state === "mine" && time - typed > TYPING_INTERVAL) {
      typed = time;
      post(reply, { action: "typing", text: "" }).catch(() => {});
    }
  });

  const choice = document.getElementById("chat-choice");
  if (choice) {
    document.getElementById("chat-canned").hidden = false;
    choice.addEventListener("change", async () => {
      const problem = reply.querySelector(".chat-failed");
      const answer = choice.value;
      choice.value = "";
      if (!answer) {
        return;
      }
      try {
        const data = await post(reply, { action: "canned", answer, text: "" });
        problem.textContent = data.error || "";
        if (data.done) {
          text.setRangeText(data.done, text.selectionStart, text.selectionEnd, "end");
          text.dispatchEvent(new Event("input"));
        }
      } catch {
        problem.textContent = page.dataset.lost;
      }
      text.focus();
    });
  }

  toEnd();
  timer = setTimeout(look, INTERVAL);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && page.dataset.state !== "gone") {
      look();
    }
  });
})();

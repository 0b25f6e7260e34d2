// Keeps the inbox up to date, counts what is new in the page's title, and shows notifications.
"use strict";

(() => {
  const INTERVAL = 3000;
  const KEY = "sitechat.notify";

  const page = document.querySelector(".chat-inbox[data-live]");
  if (!page) {
    return;
  }
  const rows = document.getElementById("chat-rows");
  const table = document.getElementById("result_list");
  const empty = document.getElementById("chat-empty");
  const lost = document.getElementById("chat-lost");
  const said = document.getElementById("chat-said");
  const button = document.getElementById("chat-notify");
  const title = document.title.replace(/^\(\d+\) /, "");

  const isNew = (row) => row.dataset.new === "yes";
  const known = () => new Set([...rows.rows].filter(isNew).map((row) => row.dataset.row));

  function wants() {
    return "Notification" in window && Notification.permission === "granted" &&
      localStorage.getItem(KEY) === "on";
  }

  function showButton() {
    if (!("Notification" in window)) {
      return;
    }
    button.hidden = false;
    const blocked = Notification.permission === "denied";
    button.disabled = blocked;
    button.setAttribute("aria-pressed", String(wants()));
    button.textContent = blocked ? button.dataset.denied : button.dataset[wants() ? "on" : "off"];
  }

  button.addEventListener("click", async () => {
    if (wants()) {
      localStorage.setItem(KEY, "off");
    } else if ((await Notification.requestPermission()) === "granted") {
      localStorage.setItem(KEY, "on");
    }
    showButton();
  });

  function announce(row) {
    const question = row.querySelector("a").textContent.trim();
    said.textContent = `${page.dataset.heading}: ${question}`;
    if (!wants()) {
      return;
    }
    const note = new Notification(page.dataset.heading, { body: question, tag: row.dataset.row });
    note.addEventListener("click", () => {
      window.focus();
      row.querySelector("a").click();
    });
  }

  function show(data) {
    const before = known();
    // DOMParser runs no script; the server has escaped every text.
    const parsed = new DOMParser().parseFromString(`<table><tbody>${data.html}`, "text/html");
    const focused = document.activeElement?.closest("[data-row]")?.dataset.row;
    rows.replaceChildren(...parsed.querySelectorAll("tr"));
    if (focused) {
      rows.querySelector(`[data-row="${CSS.escape(focused)}"] a`)?.focus();
    }
    table.hidden = rows.rows.length === 0;
    empty.hidden = !table.hidden;
    document.title = data.count ? `(${data.count}) ${title}` : title;
    [...rows.rows].filter((row) => isNew(row) && !before.has(row.dataset.row)).forEach(announce);
  }

  async function look() {
    try {
      const answer = await fetch(page.dataset.live, { headers: { Accept: "application/json" } });
      show(await answer.json());
      lost.hidden = true;
    } catch {
      lost.textContent = page.dataset.lost;
      lost.hidden = false;
    }
    setTimeout(look, INTERVAL);
  }

  showButton();
  setTimeout(look, INTERVAL);
})();

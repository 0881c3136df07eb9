// What htmx has no word for: times as the reader's own clock has them, commands that are copied,
// and what is said of a request that came to nothing. Without it the page can be read all the same.
"use strict";

(() => {
  const root = document.documentElement;
  root.classList.add("js");

  // Times. The server's clock is the one that counts; the reader's may be set wrongly.
  const ahead = Number(root.dataset.now) * 1000 - Date.now();

  // As span() in pyxie/diagnosis/saying.py and long() in pyxie/http/page/spokentimes.py.
  function long(seconds) {
    if (seconds >= 2 * 86400) return `${Math.round(seconds / 86400)} days`;
    if (Math.round(seconds) < 120) return `${Math.round(seconds)} s`;
    const minutes = Math.round(seconds / 60);
    if (minutes < 120) return `${minutes} min`;
    const rest = minutes % 60;
    return `${Math.floor(minutes / 60)} h` + (rest ? ` ${rest} min` : "");
  }

  function tell(time) {
    const at = new Date(time.dateTime);
    const passed = (Date.now() + ahead - at.getTime()) / 1000;
    let said = long(Math.max(0, passed));
    if (!time.classList.contains("since")) {
      said = passed >= 1 ? `${said} ago` : passed > -1 ? "now" : "later";
    }
    if (time.textContent !== said) time.textContent = said;
    const exact = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
    if (time.title !== exact) time.title = exact;
  }

  function tellAll(within) {
    if (within.matches?.("time.ago, time.since")) tell(within);
    for (const time of within.querySelectorAll("time.ago, time.since")) tell(time);
  }

  tellAll(document);
  document.addEventListener("htmx:load", (event) => tellAll(event.detail.elt));
  document.addEventListener("visibilitychange", () => document.hidden || tellAll(document));
  setInterval(() => document.hidden || tellAll(document), 1000);

  // Commands. What browsers have for it by now works over HTTPS and on this host alone.
  async function copied(code) {
    if (navigator.clipboard) {
      try {
        await navigator.clipboard.writeText(code.textContent);
        return true;
      } catch {
        // it may be forbidden: the old way
      }
    }
    getSelection().selectAllChildren(code);
    return document.execCommand("copy");
  }

  // An update may have put another button there meanwhile: all with its command say so.
  function say(label, what) {
    for (const button of document.querySelectorAll("button.copy")) {
      if (button.getAttribute("aria-label") === label) button.textContent = what;
    }
  }

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("button.copy");
    if (!button) return;
    const label = button.getAttribute("aria-label");
    const done = await copied(button.parentElement.querySelector("code"));
    say(label, done ? "Copied" : "Press Ctrl-C");
    setTimeout(() => say(label, "Copy"), 2000);
  });

  // What was done is said once, and not again to who reloads the page or keeps its address.
  const here = new URL(location.href);
  if (here.searchParams.has("done")) {
    here.searchParams.delete("done");
    history.replaceState(history.state, "", here);
  }

  // A choice that changes the command which does the same.
  document.addEventListener("change", (event) => {
    const said = event.target.selectedOptions?.[0]?.dataset.command;
    const button = said && event.target.form?.querySelector("button.copy");
    if (button) button.parentElement.querySelector("code").textContent = said;
  });

  // Notices: gone with the next thing that is done.
  const notices = document.getElementById("notices");

  document.addEventListener("htmx:beforeRequest", () => notices.replaceChildren());
  document.addEventListener("htmx:sendError", () => {
    const told = document.createElement("p");
    told.className = "notice is-bad";
    told.setAttribute("role", "alert");
    told.textContent = "pyxie does not answer. Whether this was done, is not known.";
    notices.replaceChildren(told);
  });
})();

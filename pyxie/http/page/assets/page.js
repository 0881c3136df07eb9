// What htmx has no word for: times as the reader's own clock has them, counted on.
"use strict";

(() => {
  // The server's clock is the one that counts; the reader's may be set wrongly.
  const ahead = Number(document.documentElement.dataset.now) * 1000 - Date.now();

  // As span() in pyxie/diagnosis/saying.py and long() in pyxie/http/page/spoken.py.
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
    time.title = at.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
  }

  function tellAll(within) {
    for (const time of within.querySelectorAll("time.ago, time.since")) tell(time);
  }

  tellAll(document);
  document.addEventListener("htmx:load", (event) => tellAll(event.detail.elt));
  setInterval(() => document.hidden || tellAll(document), 1000);
})();

// The connection on which a screen hears what changes: it comes back by itself, and says if it is lost.
"use strict";

(() => {
  const SILENT = 40_000; // ms; the server is heard each 15 s
  const AGAIN = 2_000; // ms from a connection that was refused to the next; longer each time
  const LONGEST = 30_000;
  const HIDDEN = 20_000; // ms; a browser has six connections to a server, for all its tabs
  const LATE = 2_000; // ms until a reader is told that it is gone

  const banner = document.getElementById("connection");
  const said = document.getElementById("said");

  // What sse.min.js takes for an EventSource. That one forgets, where a connection is refused, up
  // to where the page has what has changed; and never finds out that its server has gone silent.
  class Stream extends EventTarget {
    constructor(url) {
      super();
      this.url = new URL(url, location.href);
      this.readyState = EventSource.CONNECTING;
      this.refused = 0;
      this.lost = null;
      this.watch = setInterval(() => this.look(), 1_000);
      this.onvisibility = () => this.turn();
      document.addEventListener("visibilitychange", this.onvisibility);
      this.turn();
    }

    turn() {
      clearTimeout(this.leaving);
      if (!document.hidden) {
        if (!this.source) this.open();
      } else if (this.source) {
        this.leaving = setTimeout(() => this.leave(), HIDDEN);
      }
    }

    open() {
      clearTimeout(this.again);
      this.source?.close();
      const source = new EventSource(this.url);
      this.source = source;
      this.heard = Date.now();
      source.onopen = () => this.isBack();
      source.onerror = () => this.isGone(source.readyState === EventSource.CLOSED);
      source.onmessage = (event) => {
        this.hear(event);
        this.dispatchEvent(new MessageEvent("message", { data: event.data }));
      };
      source.addEventListener("said", (event) => {
        this.hear(event);
        said.textContent = event.data;
      });
      source.addEventListener("beat", () => (this.heard = Date.now()));
    }

    hear(event) {
      this.heard = Date.now();
      if (event.lastEventId) this.url.searchParams.set("since", event.lastEventId);
    }

    leave() {
      this.source?.close();
      this.source = null;
    }

    isBack() {
      this.heard = Date.now();
      this.refused = 0;
      this.readyState = EventSource.OPEN;
      this.lost = null;
      banner.hidden = true;
      this.onopen?.();
    }

    isGone(refused) {
      this.readyState = EventSource.CONNECTING;
      this.lost ??= Date.now();
      if (!refused || !this.source) return; // the browser connects again by itself
      this.leave();
      this.refused += 1;
      const wait = Math.min(AGAIN * 2 ** (this.refused - 1), LONGEST);
      this.again = setTimeout(() => document.hidden || this.open(), wait);
    }

    look() {
      if (this.source && this.lost === null && Date.now() - this.heard > SILENT) {
        this.lost = this.heard;
        this.open();
      }
      if (this.lost === null || Date.now() - this.lost < LATE || !banner.hidden) return;
      const since = new Date(this.lost).toLocaleTimeString();
      banner.textContent =
        `The connection to pyxie is lost since ${since}. What is shown is of before; ` +
        "once pyxie is back, it goes on by itself.";
      banner.hidden = false;
    }

    close() {
      this.readyState = EventSource.CLOSED;
      clearInterval(this.watch);
      clearTimeout(this.again);
      clearTimeout(this.leaving);
      document.removeEventListener("visibilitychange", this.onvisibility);
      this.leave();
    }
  }

  htmx.createEventSource = (url) => new Stream(url);
})();

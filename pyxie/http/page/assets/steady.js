// Updates leave the reader alone: what is typed, opened, marked, scrolled to or pressed stays so.
"use strict";

(() => {
  // Of regions that are in use what they are to be replaced by, by their id.
  const waiting = new Map();
  let pressed = null;

  const FILLED_IN = "select, textarea, input:not([type=checkbox], [type=radio])";
  const FOCUSABLE = "a[href], button, input, select, textarea, summary, [tabindex]";

  function inUse(region) {
    if (pressed && region.contains(pressed)) return true;
    const active = document.activeElement;
    if (active?.matches(FILLED_IN) && region.contains(active)) return true;
    const marked = document.getSelection();
    return marked && !marked.isCollapsed && marked.containsNode(region, true);
  }

  function release() {
    for (const [id, html] of [...waiting]) {
      const region = document.getElementById(id);
      if (region && inUse(region)) continue;
      waiting.delete(id);
      if (region) htmx.swap(region, html, { swapStyle: "none" });
    }
  }

  const soon = () => waiting.size && setTimeout(release, 0); // after the click
  document.addEventListener("pointerdown", (event) => (pressed = event.target));
  for (const name of ["pointerup", "pointercancel", "dragend"]) {
    document.addEventListener(name, () => ((pressed = null), soon()));
  }
  document.addEventListener("focusout", soon);
  document.addEventListener("selectionchange", soon);

  // Each with its counterpart: by id, or by its place where there are as many of its like.
  function* pairs(before, after, selector) {
    const were = [...before.querySelectorAll(selector)];
    const are = [...after.querySelectorAll(selector)];
    for (const [at, was] of were.entries()) {
      const there = were.length === are.length && !are[at].id ? are[at] : undefined;
      const is = was.id ? are.find((each) => each.id === was.id) : there;
      if (is) yield [was, is];
    }
  }

  function carry(before, after) {
    for (const [was, is] of pairs(before, after, "details")) is.open = was.open;
    for (const [was, is] of pairs(before, after, "button.copy")) {
      const of = "aria-label"; // which command
      if (was.getAttribute(of) === is.getAttribute(of)) is.textContent = was.textContent;
    }
    for (const [was, is] of pairs(before, after, "input, textarea")) {
      if (was.matches("[type=checkbox], [type=radio]")) {
        if (was.checked !== was.defaultChecked) is.checked = was.checked;
      } else if (was.value !== was.defaultValue) {
        is.value = was.value;
      }
    }
  }

  let afterwards = [];
  document.addEventListener("htmx:oobBeforeSwap", (event) => {
    const { target: before, fragment } = event.detail;
    const after = fragment.firstElementChild;
    if (!after) return;
    if (inUse(before)) {
      after.setAttribute("hx-swap-oob", "true");
      waiting.set(before.id, `<template>${after.outerHTML}</template>`);
      event.detail.shouldSwap = false;
      return;
    }
    waiting.delete(before.id);
    carry(before, after);
    for (const [was, is] of pairs(before, after, "*")) {
      const { scrollTop, scrollLeft } = was;
      if (scrollTop || scrollLeft) afterwards.push(() => is.scrollTo(scrollLeft, scrollTop));
    }
    const active = document.activeElement;
    if (!before.contains(active) || active.id) return; // htmx finds it by its id
    for (const [was, is] of pairs(before, after, FOCUSABLE)) {
      if (was === active) afterwards.push(() => is.focus({ preventScroll: true }));
    }
  });
  document.addEventListener("htmx:oobAfterSwap", () => {
    for (const each of afterwards.splice(0)) each();
  });
})();

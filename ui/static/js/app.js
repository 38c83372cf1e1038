// Small helpers on top of pages that work without them.
"use strict";
(() => {
  const root = document.documentElement;
  const on = (type, fn, options) => document.addEventListener(type, fn, options);

  // Theme: the server renders the attribute from the cookie; here the change shows at once.
  on("click", (e) => {
    const button = e.target.closest("form[data-theme-form] button[name=theme]");
    if (!button) return;
    e.preventDefault();
    const theme = button.value;
    if (theme === "system") delete root.dataset.theme;
    else root.dataset.theme = theme;
    for (const b of document.querySelectorAll("form[data-theme-form] button[name=theme]")) {
      b.setAttribute("aria-pressed", String(b.value === theme));
    }
    const form = button.form;
    const body = new URLSearchParams(new FormData(form));
    body.set("theme", theme);
    fetch(form.action, { method: "POST", body, redirect: "manual" }).catch(() => form.submit());
  });

  // Copy buttons: data-copy holds the id of the element with the text.
  on("click", async (e) => {
    const button = e.target.closest("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    const label = button.querySelector("[data-label]");
    const before = label.textContent;
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
      label.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source);
      label.textContent = "Press Ctrl+C";
    }
    setTimeout(() => { label.textContent = before; }, 2000);
  });

  // Confirmation: a form with data-confirm asks in a dialog before it is sent.
  function ask(form, submitter) {
    const dialog = document.createElement("dialog");
    dialog.className = "dialog";
    dialog.setAttribute("aria-label", submitter.textContent.trim());
    const text = document.createElement("p");
    text.textContent = form.dataset.confirm;
    const row = document.createElement("div");
    row.className = "row";
    const yes = submitter.cloneNode(true);
    yes.type = "button";
    yes.className = "btn danger";
    const no = document.createElement("button");
    no.type = "button";
    no.className = "btn";
    no.textContent = "Keep it";
    row.append(yes, no);
    dialog.append(text, row);
    document.body.append(dialog);
    no.addEventListener("click", () => dialog.close());
    yes.addEventListener("click", () => {
      form.dataset.confirmed = "yes";
      dialog.close();
      form.requestSubmit(submitter);
    });
    dialog.addEventListener("close", () => { dialog.remove(); submitter.focus(); });
    dialog.showModal();
    no.focus();
  }
  on("submit", (e) => {
    const form = e.target;
    if (!form.dataset.confirm || form.dataset.confirmed || !e.submitter) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    ask(form, e.submitter);
  }, true);

  // A form is sent once. The button is marked after the browser has read its value.
  on("submit", (e) => {
    const form = e.target;
    if (e.defaultPrevented || form.method !== "post") return;
    if (form.dataset.sending) { e.preventDefault(); return; }
    form.dataset.sending = "yes";
    dirty.delete(form);
    const button = e.submitter;
    setTimeout(() => {
      if (!button) return;
      button.setAttribute("aria-disabled", "true");
      button.classList.add("busy");
    });
  });
  const release = () => {
    for (const form of document.querySelectorAll("form[data-sending]")) delete form.dataset.sending;
    for (const b of document.querySelectorAll(".btn.busy")) {
      b.classList.remove("busy");
      b.removeAttribute("aria-disabled");
    }
  };
  addEventListener("pageshow", release);
  on("click", (e) => {
    if (e.target.closest("[aria-disabled=true]")) e.preventDefault();
  }, true);

  // A field that the browser refuses may sit behind a fold.
  on("invalid", (e) => {
    for (let fold = e.target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }, true);

  // Leaving a half-filled form asks first.
  const dirty = new Set();
  on("input", (e) => {
    const form = e.target.form;
    if (form && form.hasAttribute("data-guard") && e.target.type !== "search") dirty.add(form);
  });
  addEventListener("beforeunload", (e) => {
    for (const form of dirty) if (form.isConnected && !form.dataset.sending) e.preventDefault();
  });

  // Filter boxes hide rows of a list on the page; what is ticked stays ticked.
  on("input", (e) => {
    const list = e.target.dataset.filter && document.getElementById(e.target.dataset.filter);
    if (!list) return;
    const want = e.target.value.trim().toLowerCase();
    let shown = 0;
    for (const row of list.querySelectorAll("[data-text]")) {
      row.hidden = !row.dataset.text.toLowerCase().includes(want);
      if (!row.hidden) shown++;
    }
    const count = document.getElementById(e.target.dataset.filter + "-count");
    if (count) count.textContent = shown + " shown";
  });
  on("keydown", (e) => {
    if (e.key === "Enter" && e.target.dataset && e.target.dataset.filter) e.preventDefault();
    if (e.key === "Escape") {
      const open = e.target.closest("details[open].user, details[open].menu");
      if (open) { open.open = false; open.querySelector("summary").focus(); }
    }
  });
  on("change", (e) => {
    const box = e.target.closest("[data-check-all]");
    if (!box) return;
    for (const c of document.getElementById(box.dataset.checkAll).querySelectorAll("[data-text]:not([hidden]) input[type=checkbox]")) c.checked = box.checked;
  });

  // A line of a log is shown once, also when a new connection sends it again.
  on("htmx:sseBeforeMessage", (e) => {
    if (e.detail.type !== "log") return;
    const part = document.createElement("template");
    part.innerHTML = e.detail.data;
    for (const line of part.content.children) if (line.id) document.getElementById(line.id)?.remove();
  });

  // Logs follow their end while the reader is at the end, and stay short.
  function follow(log) {
    let atEnd = true;
    log.scrollTop = log.scrollHeight;
    log.addEventListener("scroll", () => { atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40; });
    new MutationObserver((changes) => {
      // After a reconnect the server may repeat lines.
      for (const c of changes) {
        for (const line of c.addedNodes) {
          if (line.id && log.querySelectorAll("#" + CSS.escape(line.id)).length > 1) line.remove();
        }
      }
      while (log.children.length > 2000) log.firstElementChild.remove();
      if (atEnd) log.scrollTop = log.scrollHeight;
    }).observe(log, { childList: true });
  }
  for (const log of document.querySelectorAll("[data-follow]")) follow(log);

  // htmx: the target says when it is busy, and the keyboard never loses its place.
  const focusables = "a[href],button,input,select,textarea,summary,[tabindex]";
  on("htmx:beforeRequest", (e) => e.detail.target.setAttribute("aria-busy", "true"));
  on("htmx:afterRequest", (e) => { e.detail.target.removeAttribute("aria-busy"); release(); });
  on("htmx:afterSettle", (e) => {
    if (document.activeElement !== document.body || e.detail.requestConfig === undefined) return;
    const now = document.getElementById(e.detail.target.id) || e.detail.target;
    const place = now.querySelector("[data-focus]") || (now.matches("[tabindex]") ? now : now.querySelector(focusables));
    if (place) place.focus({ preventScroll: true });
  });
  const offline = (shown) => {
    const note = document.getElementById("offline");
    if (note) note.hidden = !shown;
  };
  on("htmx:sseError", () => offline(true));
  on("htmx:sseOpen", () => offline(false));
})();

"use strict";
// Makes tables sortable, and lets each be taken away as CSV.

// A block of its own: scripts of one page share their names otherwise.
{
  function sortValue(row, column) {
    const cell = row.cells[column];
    const text = cell.dataset.sort ?? cell.textContent.trim();
    const number = Number(text);
    return text === "" || Number.isNaN(number) ? text : number;
  }

  function compare(left, right) {
    // Missing values stay last in either direction; the caller turns the sign.
    if (typeof left === "number" && typeof right === "number") return left - right;
    return String(left).localeCompare(String(right));
  }

  function sortBy(table, column, descending) {
    const body = table.tBodies[0];
    const rows = Array.from(body.rows).map((row) => ({ row, value: sortValue(row, column) }));
    const present = rows.filter((item) => item.value !== "");
    present.sort((a, b) => compare(a.value, b.value) * (descending ? -1 : 1));
    body.append(...present.map((item) => item.row), ...rows.filter((item) => item.value === "").map((item) => item.row));
  }

  function makeSortable(table) {
    if (table.tBodies[0].rows.length < 3) return;
    Array.from(table.tHead.rows[0].cells).forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") !== "descending";
        for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        sortBy(table, column, descending);
      });
    });
  }

  // What a spreadsheet would take for a formula, also behind blanks or in full width.
  const FORMULA = /^[\s\u200b\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|^[\t\r\n]/;
  const SESSION = /^(\d{4}-\d{2}-\d{2})T00:00:00$/;
  const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}/;
  const MISSING = "\u2013";

  function quoted(text) {
    const inert = FORMULA.test(text) ? `'${text}` : text;
    return `"${inert.replaceAll('"', '""')}"`;
  }

  // A number as it is and not as it is worded, a date as ISO has it, and all else as it reads.
  function field(cell) {
    const text = cell.textContent.trim();
    const sort = cell.dataset.sort ?? "";
    if (text === MISSING && sort === "") return "";
    if (cell.classList.contains("number") && sort !== "" && Number.isFinite(Number(sort))) return String(Number(sort));
    const session = SESSION.exec(sort);
    if (session) return session[1];
    return quoted(INSTANT.test(sort) ? sort : cell.textContent);
  }

  function csv(table) {
    const heads = Array.from(table.tHead.rows, (row) => Array.from(row.cells, (cell) => quoted(cell.textContent.trim())));
    const bodies = Array.from(table.tBodies).flatMap((body) => Array.from(body.rows));
    const rows = bodies.map((row) => Array.from(row.cells, field));
    return [...heads, ...rows].map((cells) => cells.join(",") + "\r\n").join("");
  }

  // A table that shows its first rows alone says so in the name of the file.
  function fileName(table, caption) {
    const name = caption.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "").slice(0, 60) || "table";
    const hidden = Number(table.dataset.hidden ?? 0);
    const shown = Array.from(table.tBodies).reduce((n, body) => n + body.rows.length, 0);
    return hidden > 0 ? `${name}-first-${shown}-of-${shown + hidden}.csv` : `${name}.csv`;
  }

  function save(table, caption) {
    // Without the mark, Excel takes UTF-8 for the machine's own encoding.
    const file = URL.createObjectURL(new Blob(["\ufeff", csv(table)], { type: "text/csv;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = file;
    link.download = fileName(table, caption);
    link.click();
    setTimeout(() => URL.revokeObjectURL(file), 60000);
  }

  function makeSavable(table) {
    const frame = table.closest(".scroll") ?? table;
    const caption = table.caption?.textContent.trim() || frame.getAttribute("aria-label") || "Table";
    const button = document.createElement("button");
    button.type = "button";
    button.className = "csv";
    button.textContent = "CSV";
    button.setAttribute("aria-label", `Save as CSV: ${caption}`);
    button.title = "Numbers as they are: a fraction where the page says percent or points";
    button.addEventListener("click", () => save(table, caption));
    frame.after(button);
  }

  function prepare(part) {
    for (const table of part.querySelectorAll("table:not([data-ready])")) {
      if (!table.tHead || !table.tBodies.length) continue;
      table.dataset.ready = "";
      makeSortable(table);
      makeSavable(table);
    }
  }

  prepare(document.querySelector("main"));
  // Folds are where other scripts put tables later.
  const later = new MutationObserver((changes) => changes.forEach((change) => prepare(change.target)));
  document.querySelectorAll("main details").forEach((fold) => later.observe(fold, { childList: true, subtree: true }));
}

// The little that pages do for themselves: pausing the ticker, keeping it short, and walking the board by arrow keys.
"use strict";

const ticker = () => document.querySelector("[data-ticker]");

function pause(button) {
  const shown = ticker();
  const paused = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(paused));
  button.textContent = paused ? button.dataset.resume : button.dataset.pause;
  if (paused) {
    // What arrives goes where the id is: into a list that nobody sees until the reader goes on.
    const aside = document.createElement("ol");
    aside.hidden = true;
    aside.dataset.aside = "";
    shown.removeAttribute("id");
    aside.id = "ticker";
    shown.after(aside);
  } else {
    const aside = document.querySelector("[data-aside]");
    const missed = document.createDocumentFragment();
    missed.append(...aside.children);
    aside.remove();
    shown.id = "ticker";
    shown.prepend(missed);
    trim();
  }
}

function trim() {
  for (const list of document.querySelectorAll("[data-ticker], [data-aside]")) {
    while (list.children.length > Number(ticker().dataset.most)) list.lastElementChild.remove();
  }
}

// One stop of the tab key a ward; arrows go from bed to bed. Without this script every bed is a stop of its own.
function rove(ward) {
  const beds = [...ward.querySelectorAll("a.bed")];
  const stop = (bed) => bed.getAttribute("tabindex") === "0";
  const current = beds.find((bed) => bed === document.activeElement) ?? beds.find(stop) ?? beds[0];
  for (const bed of beds) bed.tabIndex = bed === current ? 0 : -1;
}

function walk(event) {
  const bed = event.target.closest?.("a.bed");
  if (!bed) return;
  const beds = [...bed.closest(".ward").querySelectorAll("a.bed")];
  const here = beds.indexOf(bed);
  const below = (down) => {
    const from = bed.getBoundingClientRect();
    const rows = beds.filter((other) => (other.getBoundingClientRect().top - from.top) * down > 4);
    const distance = (other) => {
      const to = other.getBoundingClientRect();
      return Math.abs(to.top - from.top) * 100 + Math.abs(to.left - from.left);
    };
    return rows.sort((one, other) => distance(one) - distance(other))[0];
  };
  const goals = {
    ArrowRight: () => beds[here + 1],
    ArrowLeft: () => beds[here - 1],
    ArrowDown: () => below(1),
    ArrowUp: () => below(-1),
    Home: () => beds[0],
    End: () => beds[beds.length - 1],
  };
  const goal = goals[event.key]?.();
  if (!goals[event.key]) return;
  event.preventDefault();
  if (goal) {
    bed.tabIndex = -1;
    goal.tabIndex = 0;
    goal.focus();
  }
}

function connected(isConnected) {
  const sign = document.querySelector("[data-connection]");
  if (sign) {
    sign.dataset.connection = isConnected ? "live" : "lost";
    sign.textContent = isConnected ? sign.dataset.live : sign.dataset.lost;
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-pause]");
  if (button) pause(button);
});
document.addEventListener("keydown", walk);
document.addEventListener("htmx:after:swap", () => {
  if (!ticker()) return;
  trim();
  document.querySelectorAll(".ward").forEach(rove);
});
document.addEventListener("htmx:after:sse:connection", () => connected(true));
document.addEventListener("htmx:sse:error", () => connected(false));
document.addEventListener("htmx:sse:close", () => connected(false));
document.querySelectorAll(".ward").forEach(rove);

const map = document.querySelector("[data-map]");
if (map) map.scrollLeft = map.scrollWidth;

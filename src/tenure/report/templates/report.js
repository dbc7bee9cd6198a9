const root = document.documentElement;

document.getElementById("theme").addEventListener("click", () => {
  const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  root.dataset.theme = (root.dataset.theme || system) === "dark" ? "light" : "dark";
  try { localStorage.setItem("tenure-theme", root.dataset.theme); } catch { /* see theme.js */ }
});

// Charts take their text and line colours from report.css, so switching the theme redraws nothing.
const isNarrow = matchMedia("(max-width: 640px)").matches;
for (const chart of document.querySelectorAll(".chart")) {
  const { data, layout } = JSON.parse(chart.querySelector("script").textContent);
  if (isNarrow) layout.font = { ...layout.font, size: 11 };
  Plotly.newPlot(chart, data, layout, { responsive: true, displayModeBar: false });
}

// The contents mark the section being read.
const links = new Map([...document.querySelectorAll(".contents li a")].map((a) => [a.hash.slice(1), a]));
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    for (const link of links.values()) link.removeAttribute("aria-current");
    links.get(entry.target.id)?.setAttribute("aria-current", "true");
  }
}, { rootMargin: "-20% 0px -70% 0px" });
for (const section of document.querySelectorAll("main > section")) watcher.observe(section);

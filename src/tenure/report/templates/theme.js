// Before the first paint: the theme that the reader chose here before, if any; else the system's stands.
try {
  const chosen = localStorage.getItem("tenure-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch { /* a browser may refuse storage to local files */ }

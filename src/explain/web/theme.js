// SPDX-License-Identifier: MIT
//
// Light or dark: what the system says, until the reader chooses. The choice is kept in this browser, where that
// is allowed. The colours themselves are in style.css (light-dark()).

import { html } from "./draw.js";

const THEME_KEPT_AS = "vole-explain-theme";
const THEME_WORDS = { "": "Auto", light: "Light", dark: "Dark" };
const THEME_NEXT = { "": "dark", dark: "light", light: "" };

// A browser that forbids storage throws.
function keptTheme() {
  try {
    const theme = localStorage.getItem(THEME_KEPT_AS) ?? "";
    return theme in THEME_WORDS ? theme : "";
  } catch {
    return "";
  }
}

function keepTheme(theme) {
  try {
    localStorage.setItem(THEME_KEPT_AS, theme);
  } catch {
    // Then it lasts as long as the page.
  }
}

function applyTheme(button, theme) {
  document.documentElement.dataset.theme = theme;
  button.textContent = THEME_WORDS[theme];
  button.setAttribute("aria-label", `Colours: ${THEME_WORDS[theme]}. Change to ${THEME_WORDS[THEME_NEXT[theme]]}`);
}

function addThemeButton() {
  const button = html("button", { type: "button", class: "theme" });
  button.addEventListener("click", () => {
    const theme = THEME_NEXT[document.documentElement.dataset.theme];
    keepTheme(theme);
    applyTheme(button, theme);
  });
  applyTheme(button, keptTheme());
  document.querySelector(".topbar").append(button);
}

addThemeButton();

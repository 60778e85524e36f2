// SPDX-License-Identifier: MIT
//
// Act 4: which view stands on the stage at which step. Each view is made when it is first needed, and shows any of
// its moments from any other.

import { registerAct } from "./frame.js";
import { lifeMark } from "./life_film.js";
import { lifeSessionView } from "./life_states.js";
import { lifeRoamingView } from "./life_roaming.js";
import { lifeWindowView } from "./life_window.js";
import { lifeRetriesView, lifeScannerView } from "./life_scanner.js";
import { lifeNetView } from "./life_net.js";
import { lifeBreak } from "./life_break.js";

const LIFE_VIEWS = {
  session: lifeSessionView,
  retries: lifeRetriesView,
  roaming: lifeRoamingView,
  window: lifeWindowView,
  scanner: lifeScannerView,
  point: (act) => lifeNetView(act, "topologies.0"),
  mesh: (act) => lifeNetView(act, "topologies.1"),
  hub: (act) => lifeNetView(act, "topologies.2"),
  road: (act) => lifeNetView(act, "topologies.3"),
};

// The view of each step, and the marked frame of its film; a name that is no mark counts as a number.
const LIFE_STEPS = {
  nothing: ["session", "nothing"],
  first: ["session", "first"],
  established: ["session", "established"],
  confirmed: ["session", "confirmed"],
  keepalive: ["session", "keepalive"],
  silence: ["session", "silent"],
  rekey: ["session", "rekey"],
  overlap: ["session", "previous"],
  receiving: ["session", "receiving"],
  expired: ["session", "expired"],
  swapped: ["session", "swapped"],
  erased: ["session", "erased"],
  retries: ["retries"],
  roaming: ["roaming", "answer"],
  forged: ["roaming", "copied"],
  window: ["window", 2],
  edge: ["window", 6],
  scanner: ["scanner", 0],
  point: ["point"],
  mesh: ["mesh"],
  hub: ["hub"],
  road: ["road"],
  myths: ["session", "rekey"],
};
const LIFE_FILMS = { session: "session", roaming: "roaming.film" };

registerAct("life", {
  start(act) {
    act.views = {};
    act.stage.replaceChildren();
  },
  show(act, step) {
    const [name, moment] = LIFE_STEPS[step.name];
    const view = (act.views[name] ??= LIFE_VIEWS[name](act));
    if (act.stage.firstElementChild !== view.element) act.stage.replaceChildren(view.element);
    view.go(typeof moment === "string" ? lifeMark(act, LIFE_FILMS[name], moment) : moment);
  },
  breakIt: lifeBreak,
});

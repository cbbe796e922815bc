// The page to try a model: an image goes to the server of this machine, what it says comes back.
"use strict";

const SIDE = 280; // pixels of the longer side of what is drawn
const WAIT = 250; // milliseconds after a stroke, in which another may begin
const $ = (id) => document.getElementById(id);
const canvas = $("canvas"), pen = canvas.getContext("2d");
let facts = null; // of the model
let image = null; // the last that was sent, to ask for another class
let asking = null; // the request under way
let timer = 0; // that sends what is drawn
let down = false; // whether the pen is
let at = null; // where it is, in pixels of the canvas

function say(id, text) {
  $(id).textContent = text || "";
  $(id).hidden = !text;
}

async function ask(label) {
  if (asking) asking.abort();
  const mine = (asking = new AbortController());
  say("status", "Looking …");
  try {
    const place = label === undefined ? "answer" : `answer?class=${label}`;
    const headers = { "Content-Type": "application/octet-stream" };
    const reply = await fetch(place, { method: "POST", body: image, headers, signal: mine.signal });
    const found = await reply.json();
    if (mine !== asking) return;
    say("status", "");
    say("error", found.error);
    if (found.error) {
      say("warning", "");
      $("answer").hidden = true;
    } else show(found);
  } catch (error) {
    if (mine !== asking) return;
    say("status", "");
    say("error", "The program does not answer. Does it still run?");
  }
}

function show(found) {
  const name = facts.classes[found.explained];
  say("warning", found.warning);
  const held = document.activeElement && document.activeElement.dataset.label; // its button is made anew
  $("classes").replaceChildren(...found.predictions.map((one) => line(one, one.class === found.explained)));
  const again = held === undefined ? null : $("classes").querySelector(`[data-label="${held}"]`);
  if (again) again.focus();
  $("seen").src = found.image;
  $("heat").src = found.heat;
  $("speaks").textContent = found.speaks ? `what speaks for ${name}` : `nothing speaks for ${name}`;
  $("heat").alt = `Heat over the image: ${$("speaks").textContent}`;
  $("answer").hidden = false;
  const best = found.predictions[0];
  say("status", `${facts.classes[best.class]}, ${percent(best.probability)}`);
}

function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}

function line(one, isExplained) {
  const button = document.createElement("button"), bar = document.createElement("progress");
  button.type = "button";
  button.dataset.label = one.class;
  button.setAttribute("aria-pressed", isExplained);
  bar.value = one.probability;
  bar.setAttribute("aria-hidden", "true");
  button.append(bar, words(facts.classes[one.class], "name"), words(percent(one.probability), "share"));
  button.addEventListener("click", () => ask(one.class));
  const item = document.createElement("li");
  item.append(button);
  return item;
}

function words(text, kind) {
  const span = document.createElement("span");
  span.className = kind;
  span.textContent = text;
  return span;
}

function take(file) {
  if (!file) return;
  clearTimeout(timer);
  image = file;
  ask();
}

// ---- drawing ----

function isWhite() {
  return $("swap").getAttribute("aria-pressed") === "true";
}

function clear() {
  clearTimeout(timer);
  pen.fillStyle = isWhite() ? "#000" : "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  at = [canvas.width / 2, canvas.height / 2];
  down = false;
}

function stroke(to) {
  pen.strokeStyle = isWhite() ? "#fff" : "#000";
  pen.lineWidth = (Math.min(canvas.width, canvas.height) * $("width").value) / 100;
  pen.lineCap = pen.lineJoin = "round";
  pen.beginPath();
  pen.moveTo(...at);
  pen.lineTo(...to);
  pen.stroke();
  at = to;
  clearTimeout(timer);
  timer = setTimeout(() => canvas.toBlob(take, "image/png"), WAIT);
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  return [
    ((event.clientX - box.left) * canvas.width) / box.width,
    ((event.clientY - box.top) * canvas.height) / box.height,
  ];
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  down = true;
  at = place(event);
  stroke(at);
});
canvas.addEventListener("pointermove", (event) => {
  if (down && event.buttons) stroke(place(event));
});
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (down = false));
canvas.addEventListener("keydown", (event) => {
  const step = Math.min(canvas.width, canvas.height) / 20;
  const ways = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
  if (event.key === " ") {
    down = !down;
    if (down) stroke(at);
  } else if (event.key in ways) {
    const sides = [canvas.width, canvas.height];
    const to = at.map((value, axis) => Math.min(Math.max(value + ways[event.key][axis], 0), sides[axis]));
    if (down) stroke(to);
    at = to;
  } else return;
  event.preventDefault();
});

// ---- files ----

$("file").addEventListener("change", () => {
  take($("file").files[0]);
  $("file").value = ""; // the same file may be chosen again
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    $("drop").classList.toggle("over", kind === "dragover");
    if (kind === "drop") take(event.dataTransfer.files[0]);
  });
}
document.addEventListener("paste", (event) => take(event.clipboardData.files[0]));
$("clear").addEventListener("click", clear);
$("swap").addEventListener("click", () => {
  $("swap").setAttribute("aria-pressed", !isWhite());
  clear();
});

// ---- the model ----

async function begin() {
  facts = await (await fetch("facts")).json();
  const kind = facts.channels === 1 ? "grey" : "colour";
  $("title").textContent = `Try ${facts.source}`;
  document.title = `Try ${facts.source}`;
  const sure = facts.calibrated ? "Its probabilities are calibrated." : "";
  $("about").textContent =
    `${facts.model}: ${facts.classes.length} classes, ${facts.width}x${facts.height} pixels in ${kind}. ` +
    `It assigns one of its classes to every image, whatever the image shows. ${sure}`;
  $("method").textContent = { layercam: "Heat by LayerCAM.", occlusion: "Heat by occlusion." }[facts.method];
  const longer = Math.max(facts.width, facts.height);
  canvas.width = Math.round((SIDE * facts.width) / longer);
  canvas.height = Math.round((SIDE * facts.height) / longer);
  $("swap").setAttribute("aria-pressed", facts.white_on_black);
  clear();
}

begin().catch(() => say("error", "The program does not answer. Does it still run?"));

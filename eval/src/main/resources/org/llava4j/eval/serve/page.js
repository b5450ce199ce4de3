"use strict";

const $ = (id) => document.getElementById(id);
const HINT = "Show a picture and ask about it. What was said before is sent along with each question.";
const EXAMPLE = {
  url: "/example.png",
  question: "Which way is it from the house to the tree?\nContext: N/A\nOptions: (A) north (B) south (C) east (D) west",
};

/** What goes to the server: the conversation so far. */
let messages = [];
/** The picture that comes with the next question: a data URL, or null. */
let picture = null;
/** Stops the answer under way, or null. */
let stopper = null;
let facts = null;

function show(url) {
  picture = url;
  $("picture").hidden = url === null;
  $("invitation").hidden = url !== null;
  $("remove").hidden = url === null;
  if (url === null) {
    $("picture").removeAttribute("src");
  } else {
    $("picture").src = url;
    $("picture").alt = "the picture that the next question is about";
  }
}

function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

async function take(file) {
  if (!file) {
    return;
  }
  if (!/^image\/(png|jpeg)$/.test(file.type)) {
    wrong(`${file.name || "what was given"} is neither PNG nor JPEG; save it as one of them`);
    return;
  }
  show(await dataUrl(file));
  $("question").focus();
}

function say(kind, text, image) {
  $("turns").querySelector(".hint")?.remove();
  const turn = document.createElement("li");
  turn.className = kind;
  if (image) {
    const shown = document.createElement("img");
    shown.src = image;
    shown.alt = "the picture that was asked about";
    turn.append(shown);
  }
  turn.append(text);
  $("turns").append(turn);
  turn.scrollIntoView({ block: "end" });
  return turn;
}

function wrong(text) {
  say("wrong", text).setAttribute("role", "alert");
}

function anew() {
  stopper?.abort();
  messages = [];
  show(null);
  $("turns").replaceChildren();
  say("hint", HINT);
  $("question").focus();
}

function busy(running) {
  $("send").disabled = running;
  $("stop").hidden = !running;
}

async function ask(event) {
  event?.preventDefault();
  const question = $("question").value.trim();
  if (!question || stopper) {
    return;
  }
  const image = picture;
  const content = image
    ? [{ type: "image_url", image_url: { url: image } }, { type: "text", text: question }]
    : question;
  say("user", question, image);
  $("question").value = "";
  show(null);
  const turn = say("assistant running", "");
  stopper = new AbortController();
  busy(true);
  let answer = "";
  let usage = null;
  const begun = performance.now();
  try {
    usage = await stream([...messages, { role: "user", content }], (text) => {
      answer += text;
      turn.textContent = answer;
      turn.scrollIntoView({ block: "end" });
    });
  } catch (error) {
    if (error.name !== "AbortError") {
      turn.remove();
      wrong(error.message);
      $("question").value = question;
      if (image) {
        show(image);
      }
      return;
    }
  } finally {
    stopper = null;
    busy(false);
    turn.classList.remove("running");
    $("question").focus();
  }
  messages.push({ role: "user", content }, { role: "assistant", content: answer });
  if (usage) {
    const note = document.createElement("small");
    const seconds = (performance.now() - begun) / 1000;
    note.textContent = `${usage.completion_tokens} tokens in ${seconds.toFixed(2)} s, after ${usage.prompt_tokens} positions`;
    turn.append(note);
  }
}

/** Asks, hands on each piece of text, and returns the usage. */
async function stream(all, onText) {
  const headers = { "Content-Type": "application/json" };
  if ($("key").value) {
    headers.Authorization = `Bearer ${$("key").value}`;
  }
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    headers,
    signal: stopper.signal,
    body: JSON.stringify({
      model: facts.id,
      messages: all,
      stream: true,
      stream_options: { include_usage: true },
      temperature: $("temperature").valueAsNumber || 0,
      top_p: Number.isNaN($("top-p").valueAsNumber) ? 1 : $("top-p").valueAsNumber,
      max_tokens: $("max-tokens").valueAsNumber || facts.maxNewTokens,
      seed: $("seed").valueAsNumber || 0,
    }),
  });
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    throw new Error(body?.error?.message ?? `the server says ${response.status}`);
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let usage = null;
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) {
      return usage;
    }
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const data = event.replace(/^data: /, "");
      if (data === "[DONE]") {
        continue;
      }
      const piece = JSON.parse(data);
      if (piece.error) {
        throw new Error(piece.error.message);
      }
      usage = piece.usage ?? usage;
      onText(piece.choices[0]?.delta?.content ?? "");
    }
  }
}

function tell(name, value) {
  const term = document.createElement("dt");
  term.textContent = name;
  const description = document.createElement("dd");
  description.textContent = value;
  $("facts").append(term, description);
}

async function readFacts() {
  facts = await (await fetch("/facts.json")).json();
  $("model").textContent = `${facts.id}, ${(facts.parameters / 1e6).toFixed(1)} million weights`;
  $("max-tokens").max = facts.maxNewTokens;
  $("max-tokens").value = Math.min(256, facts.maxNewTokens);
  $("key").hidden = !facts.keyWanted;
  $("key-label").hidden = !facts.keyWanted;
  tell("Name", facts.id);
  tell("Weights", facts.parameters.toLocaleString("en"));
  tell("Kept as", facts.dtype);
  tell("Decoder", facts.decoder);
  tell("Tower", facts.tower);
  tell("Projector", facts.projector);
  tell("Template", facts.template);
  tell("Positions", facts.positions);
  tell("A picture", `${facts.imagePixels} pixels square, ${facts.imagePositions} positions`);
}

$("ask").addEventListener("submit", ask);
$("parameters").addEventListener("submit", (event) => event.preventDefault());
$("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    ask(event);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    stopper?.abort();
  } else if (event.altKey && event.key === "n") {
    anew();
  }
});
$("stop").addEventListener("click", () => stopper?.abort());
$("anew").addEventListener("click", anew);
$("remove").addEventListener("click", () => show(null));
$("file").addEventListener("change", () => {
  take($("file").files[0]);
  $("file").value = "";
});
$("drop").addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    $("file").click();
  }
});
$("example").addEventListener("click", async () => {
  await take(await (await fetch(EXAMPLE.url)).blob());
  $("question").value = EXAMPLE.question;
});
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (file) {
    event.preventDefault();
    take(file);
  }
});
for (const name of ["dragenter", "dragover"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.add("over");
  });
}
for (const name of ["dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    $("drop").classList.remove("over");
  });
}
document.addEventListener("drop", (event) => take(event.dataTransfer.files[0]));

say("hint", HINT);
readFacts().catch((error) => wrong(`the server does not tell of its model: ${error.message}`));

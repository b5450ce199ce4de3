"use strict";

const $ = (id) => document.getElementById(id);
const HINT = "Add an image and ask about it. Each request includes the conversation so far.";
const EXAMPLE = {
  url: "/example.png",
  question: "Which way is it from the house to the tree?\nContext: N/A\nOptions: (A) north (B) south (C) east (D) west",
};

/** The conversation so far, as messages of the API. */
let messages = [];
/** The image of the next question: a data URL, or null. */
let image = null;
/** Aborts the running request, or null. */
let abortController = null;
let model = null;

function setImage(url) {
  image = url;
  $("image").hidden = url === null;
  $("drop-hint").hidden = url !== null;
  $("remove").hidden = url === null;
  if (url === null) {
    $("image").removeAttribute("src");
  } else {
    $("image").src = url;
    $("image").alt = "image of the next question";
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

async function loadFile(file) {
  if (!file) {
    return;
  }
  if (!$("file").accept.split(",").includes(file.type)) {
    showError(`${file.name || "the file"} is not a PNG, JPEG, WebP, GIF, BMP or TIFF; convert it to one of them`);
    return;
  }
  setImage(await dataUrl(file));
  $("question").focus();
}

function addMessage(className, text, imageUrl) {
  $("messages").querySelector(".hint")?.remove();
  const item = document.createElement("li");
  item.className = className;
  if (imageUrl) {
    const thumbnail = document.createElement("img");
    thumbnail.src = imageUrl;
    thumbnail.alt = "image of the question";
    item.append(thumbnail);
  }
  item.append(text);
  $("messages").append(item);
  item.scrollIntoView({ block: "end" });
  return item;
}

function showError(text) {
  addMessage("error", text).setAttribute("role", "alert");
}

function newConversation() {
  abortController?.abort();
  messages = [];
  setImage(null);
  $("messages").replaceChildren();
  addMessage("hint", HINT);
  $("question").focus();
}

function setRunning(running) {
  $("send").disabled = running;
  $("stop").hidden = !running;
}

async function send(event) {
  event?.preventDefault();
  const question = $("question").value.trim();
  if (!question || abortController) {
    return;
  }
  const imageUrl = image;
  const content = imageUrl
    ? [{ type: "image_url", image_url: { url: imageUrl } }, { type: "text", text: question }]
    : question;
  addMessage("user", question, imageUrl);
  $("question").value = "";
  setImage(null);
  const item = addMessage("assistant running", "");
  abortController = new AbortController();
  setRunning(true);
  let answer = "";
  let usage = null;
  const start = performance.now();
  try {
    usage = await stream([...messages, { role: "user", content }], (text) => {
      answer += text;
      item.textContent = answer;
      item.scrollIntoView({ block: "end" });
    });
  } catch (error) {
    if (error.name !== "AbortError") {
      item.remove();
      showError(error.message);
      $("question").value = question;
      if (imageUrl) {
        setImage(imageUrl);
      }
      return;
    }
  } finally {
    abortController = null;
    setRunning(false);
    item.classList.remove("running");
    $("question").focus();
  }
  messages.push({ role: "user", content }, { role: "assistant", content: answer });
  if (usage) {
    const note = document.createElement("small");
    const seconds = (performance.now() - start) / 1000;
    note.textContent = `${usage.completion_tokens} tokens in ${seconds.toFixed(2)} s, ${usage.prompt_tokens} prompt tokens`;
    item.append(note);
  }
}

/** Sends a streaming request, passes on each chunk of text, and returns the token usage. */
async function stream(conversation, onText) {
  const headers = { "Content-Type": "application/json" };
  if ($("key").value) {
    headers.Authorization = `Bearer ${$("key").value}`;
  }
  const response = await fetch("/v1/chat/completions", {
    method: "POST",
    headers,
    signal: abortController.signal,
    body: JSON.stringify({
      model: model.id,
      messages: conversation,
      stream: true,
      stream_options: { include_usage: true },
      temperature: $("temperature").valueAsNumber || 0,
      top_p: Number.isNaN($("top-p").valueAsNumber) ? 1 : $("top-p").valueAsNumber,
      max_tokens: $("max-tokens").valueAsNumber || model.maxNewTokens,
      seed: $("seed").valueAsNumber || 0,
    }),
  });
  if (!response.ok) {
    const body = await response.json().catch(() => null);
    throw new Error(body?.error?.message ?? `the server returns status ${response.status}`);
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
      const chunk = JSON.parse(data);
      if (chunk.error) {
        throw new Error(chunk.error.message);
      }
      usage = chunk.usage ?? usage;
      onText(chunk.choices[0]?.delta?.content ?? "");
    }
  }
}

function addInfo(name, value) {
  const term = document.createElement("dt");
  term.textContent = name;
  const description = document.createElement("dd");
  description.textContent = value;
  $("model-info").append(term, description);
}

async function loadModelInfo() {
  model = await (await fetch("/model-info.json")).json();
  $("model").textContent = `${model.id}, ${(model.parameters / 1e6).toFixed(1)} million parameters`;
  $("max-tokens").max = model.maxNewTokens;
  $("max-tokens").value = Math.min(256, model.maxNewTokens);
  $("key").hidden = !model.apiKeyRequired;
  $("key-label").hidden = !model.apiKeyRequired;
  addInfo("Name", model.id);
  addInfo("Parameters", model.parameters.toLocaleString("en"));
  if (model.adapter) {
    addInfo("LoRA adapter", model.adapter);
  }
  addInfo("Weight dtype", model.dtype);
  addInfo("Decoder", model.decoder);
  addInfo("Vision tower", model.tower);
  addInfo("Projector", model.projector);
  addInfo("Conversation template", model.template);
  addInfo("Context length", `${model.contextLength} tokens`);
  addInfo("Image", `${model.imageSize} x ${model.imageSize} pixels, ${model.imageTokens} tokens`);
}

$("ask").addEventListener("submit", send);
$("parameters").addEventListener("submit", (event) => event.preventDefault());
$("question").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    send(event);
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    abortController?.abort();
  } else if (event.altKey && event.key === "n") {
    newConversation();
  }
});
$("stop").addEventListener("click", () => abortController?.abort());
$("new-conversation").addEventListener("click", newConversation);
$("remove").addEventListener("click", () => setImage(null));
$("file").addEventListener("change", () => {
  loadFile($("file").files[0]);
  $("file").value = "";
});
$("drop").addEventListener("keydown", (event) => {
  if (event.key === "Enter" || event.key === " ") {
    event.preventDefault();
    $("file").click();
  }
});
$("example").addEventListener("click", async () => {
  await loadFile(await (await fetch(EXAMPLE.url)).blob());
  $("question").value = EXAMPLE.question;
});
document.addEventListener("paste", (event) => {
  const file = [...event.clipboardData.files].find((each) => each.type.startsWith("image/"));
  if (file) {
    event.preventDefault();
    loadFile(file);
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
document.addEventListener("drop", (event) => loadFile(event.dataTransfer.files[0]));

addMessage("hint", HINT);
loadModelInfo().catch((error) => showError(`cannot load the model information: ${error.message}`));

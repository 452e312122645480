// Replaces the browser's speech with scripted speech that a test controls.
// Must run before the page's own scripts.
"use strict";
(() => {
  window.spoken = []; // every utterance, in order
  window.cancelled = 0; // how many were cut off
  window.begun = 0; // how many words of the last one have begun
  window.wordsPerSecond = 2.5;
  window.ears = null; // the active recognition

  class Utterance {
    constructor(text) {
      Object.assign(this, { text, rate: 1 });
    }
  }

  let queue = [];
  let timer = 0;

  function speakNext() {
    const [utterance] = queue;
    if (!utterance) return;
    const starts = [...utterance.text.matchAll(/\S+/g)].map(({ index }) => index);
    const ms = 1000 / window.wordsPerSecond / utterance.rate;
    const goOn = (word) => {
      if (word < starts.length) {
        window.begun = word + 1;
        utterance.onboundary?.({ name: "word", charIndex: starts[word] });
        timer = setTimeout(() => goOn(word + 1), ms);
        return;
      }
      queue.shift();
      if (utterance.text) window.spoken.push(utterance.text);
      utterance.onend?.({});
      speakNext();
    };
    timer = setTimeout(() => {
      utterance.onstart?.({});
      goOn(0);
    });
  }

  const synthesis = {
    getVoices: () => [{ name: "Scripted", lang: "en-US", localService: true, default: true }],
    addEventListener: () => {},
    resume: () => {},
    speak(utterance) {
      queue.push(utterance);
      if (queue.length === 1) speakNext();
    },
    cancel() {
      clearTimeout(timer);
      if (queue.length) window.cancelled += 1;
      for (const utterance of queue.splice(0)) utterance.onerror?.({ error: "interrupted" });
    },
  };

  class Recognition {
    constructor() {
      this.results = [];
    }
    start() {
      window.ears = this;
    }
    abort() {
      if (window.ears === this) window.ears = null;
    }
    hears(transcript, isFinal) {
      if (this.results.at(-1)?.isFinal === false) this.results.pop();
      this.results.push(Object.assign([{ transcript, confidence: 1 }], { isFinal }));
      this.onresult?.({ results: this.results });
    }
  }

  const standIns = {
    SpeechRecognition: Recognition,
    webkitSpeechRecognition: Recognition,
    SpeechSynthesisUtterance: Utterance,
    speechSynthesis: synthesis,
  };
  for (const [name, value] of Object.entries(standIns)) {
    Object.defineProperty(window, name, { value, configurable: true });
  }
})();

/**
 * The caller's speech as text, from SpeechRecognition.
 *
 * Recognition ends by itself now and then, and is restarted while it is wanted. Whatever it has
 * recognized when it ends or stalls counts as the whole utterance.
 */

const STALLED_MS = 2500; // text unchanged for this long is final
const QUICK_MS = 1000; // ending this soon after the start is a failure
const MOST_QUICK_ENDS = 6;

const PROBLEMS = {
  "not-allowed": "Microphone access was denied. You can type instead.",
  "service-not-allowed": "This browser does not allow transcription here. You can type instead.",
  "audio-capture": "No microphone was found. You can type instead.",
  "language-not-supported": "This browser cannot transcribe the call's language. You can type instead.",
  network: "This browser cannot reach its transcription service. You can type instead.",
};

export class Transcriber {
  /**
   * @param {object} told
   * @param {(text: string) => void} told.recognized with the utterance so far
   * @param {(text: string) => void} told.over with the finished utterance
   * @param {(problem: string) => void} told.fails it has stopped; with a sentence for the caller
   */
  constructor(told) {
    /** Whether to listen during calls. */
    this.isOn = false;
    this._told = told;
    this._lang = "";
    this._recognition = null;
    this._quickEnds = 0;
    this._text = "";
  }

  /** Whether this browser can transcribe at all. */
  get isAble() {
    return Boolean(window.SpeechRecognition ?? window.webkitSpeechRecognition);
  }

  /**
   * Ask the browser for the microphone.
   *
   * @returns {Promise<string>} the problem, as a sentence for the caller; "" if none
   */
  async ask() {
    if (!this.isAble) return "This browser cannot transcribe speech. You can type instead.";
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
      for (const track of stream.getTracks()) track.stop();
      return "";
    } catch (error) {
      const missing = ["NotFoundError", "DevicesNotFoundError"].includes(error.name);
      return PROBLEMS[missing ? "audio-capture" : "not-allowed"];
    }
  }

  /** Listen in this language, if turned on. */
  listenIn(lang) {
    if (!this.isOn) return this.rest();
    if (lang === this._lang) return;
    this.rest();
    if (lang === this._lang) return; // `rest` ended an utterance, which called this again
    this._lang = lang;
    this._start();
  }

  /** Stop listening; what was recognized so far becomes final. */
  rest() {
    if (!this._lang) return;
    this._lang = "";
    clearTimeout(this._restart);
    const recognition = this._recognition;
    this._recognition = null;
    recognition?.abort();
    this._finish(this._text);
  }

  _start() {
    const recognition = new (window.SpeechRecognition ?? window.webkitSpeechRecognition)();
    this._recognition = recognition;
    this._startedAt = performance.now();
    this._consumed = 0;
    // In continuous mode, Android reports everything twice.
    recognition.continuous = !/Android/i.test(navigator.userAgent);
    recognition.interimResults = true;
    recognition.lang = this._lang === "multi" ? navigator.language : this._lang;
    const ifCurrent = (act) => (event) => {
      if (recognition === this._recognition) act(event);
    };
    recognition.onresult = ifCurrent(({ results }) => this._takeIn(results));
    recognition.onerror = ifCurrent(({ error }) => this._problem(error));
    recognition.onend = ifCurrent(() => this._goOn());
    try {
      recognition.start();
    } catch {
      this._fail("not-allowed");
    }
  }

  _takeIn(results) {
    this._quickEnds = 0;
    let interim = "";
    for (let i = this._consumed; i < results.length; i += 1) {
      const text = results[i][0].transcript.trim();
      if (isFinal(results[i])) {
        this._consumed = i + 1;
        this._finish(text);
        interim = "";
      } else {
        interim = `${interim} ${text}`.trim();
      }
    }
    if (!interim || interim === this._text) return;
    this._text = interim;
    clearTimeout(this._stall);
    this._stall = setTimeout(() => {
      this._consumed = results.length;
      this._finish(interim);
    }, STALLED_MS);
    this._told.recognized(interim);
  }

  _finish(text) {
    clearTimeout(this._stall);
    this._text = "";
    if (text) this._told.over(text);
  }

  _problem(error) {
    // "no-speech" and "aborted" only end recognition, which is restarted.
    if (error in PROBLEMS && error !== "network") this._fail(error);
    else if (error === "network" && ++this._quickEnds >= MOST_QUICK_ENDS / 2) this._fail(error);
  }

  _goOn() {
    this._finish(this._text);
    const quick = performance.now() - this._startedAt < QUICK_MS;
    this._quickEnds = quick ? this._quickEnds + 1 : 0;
    if (this._quickEnds >= MOST_QUICK_ENDS) {
      this._fail("network");
      return;
    }
    const delay = quick ? 100 * 2 ** this._quickEnds : 0;
    this._restart = setTimeout(() => this._start(), delay);
  }

  _fail(error) {
    this.isOn = false;
    this.rest();
    this._told.fails(PROBLEMS[error]);
  }
}

/** Whether a result is final. Android marks interim results as final, but with confidence 0. */
function isFinal(result) {
  return result.isFinal && !(/Android/i.test(navigator.userAgent) && result[0].confidence === 0);
}

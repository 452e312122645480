/**
 * The caller's voice made into text: SpeechRecognition.
 *
 * It ends by itself every now and then, and is started again for as long as it is wanted. What was
 * made out of an utterance when it ended, or when it got stuck, is all there will be of it.
 */

const STALLED_MS = 2500; // text that has not changed for so long is final
const QUICK_MS = 1000; // an end so soon after the start is a failure
const MOST_QUICK_ENDS = 6;

const PROBLEMS = {
  "not-allowed": "The microphone was refused. You can type instead.",
  "service-not-allowed": "This browser does not allow its transcription here. You can type instead.",
  "audio-capture": "No microphone was found. You can type instead.",
  "language-not-supported": "This browser cannot transcribe the call's language. You can type instead.",
  network: "This browser cannot reach its transcription. You can type instead.",
};

export class Transcriber {
  /**
   * @param {object} told
   * @param {(text: string) => void} told.madeOut the utterance so far
   * @param {(text: string) => void} told.over the utterance, which is over
   * @param {(problem: string) => void} told.fails it hears nothing more; a sentence for the caller
   */
  constructor(told) {
    /** Whether the caller wants to be heard. */
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
   * Ask for the microphone, as turning it on does.
   *
   * @returns {Promise<string>} the problem, as a sentence for the caller; "" if there is none
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

  /** Listen, if the caller wants it, in this language. */
  listenIn(lang) {
    if (!this.isOn) return this.rest();
    if (lang === this._lang) return;
    this.rest();
    if (lang === this._lang) return; // the end of an utterance came back here
    this._lang = lang;
    this._start();
  }

  /** Listen no more; what was made out so far was all. */
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
    // Where it goes on by itself, Android's says everything twice.
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
    this._told.madeOut(interim);
  }

  _finish(text) {
    clearTimeout(this._stall);
    this._text = "";
    if (text) this._told.over(text);
  }

  _problem(error) {
    // "no-speech" and "aborted" only end it, and it is started again.
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

/** Android marks what is not final as final, without confidence in it. */
function isFinal(result) {
  return result.isFinal && !(/Android/i.test(navigator.userAgent) && result[0].confidence === 0);
}

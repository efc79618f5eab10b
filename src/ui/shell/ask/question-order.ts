/**
 * In which order questions of one kind are asked and answered. It owns which of them is the newest; who asks owns the
 * answer.
 *
 * 1. A newer question makes those before it void: their answers are dropped.
 * 2. The same question is not asked beside itself: word that it should be asked again waits for the answer. So an answer
 *    that takes longer than the time between two words is shown, and not dropped each time for the next one.
 */
export class QuestionOrder {
  #newest = 0;
  #isUnderWay = false;
  #isDue = false;

  /** A question begins; gives its number. */
  begun(): number {
    this.#isUnderWay = true;
    this.#isDue = false;
    return ++this.#newest;
  }

  /** The same question is wanted again. True: it may be asked now. */
  again(): boolean {
    this.#isDue = this.#isUnderWay;
    return !this.#isUnderWay;
  }

  /** A question was answered or refused. Null: it is void. */
  ended(question: number): { readonly isDue: boolean } | null {
    if (question !== this.#newest) return null;
    this.#isUnderWay = false;
    return { isDue: this.#isDue };
  }
}

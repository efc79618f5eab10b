/** A doubly linked list through its own members: every operation is a few assignments. */
export interface LinkedMember<Member> {
  previous: Member | null;
  next: Member | null;
}

/** A member is in one list at a time, and only its list writes its links. */
export class LinkedList<Member extends LinkedMember<Member>> {
  #first: Member | null = null;
  #last: Member | null = null;

  get first(): Member | null {
    return this.#first;
  }

  pushBack(member: Member): void {
    member.previous = this.#last;
    member.next = null;
    if (this.#last === null) this.#first = member;
    else this.#last.next = member;
    this.#last = member;
  }

  pushFront(member: Member): void {
    member.previous = null;
    member.next = this.#first;
    if (this.#first === null) this.#last = member;
    else this.#first.previous = member;
    this.#first = member;
  }

  remove(member: Member): void {
    if (member.previous === null) this.#first = member.next;
    else member.previous.next = member.next;
    if (member.next === null) this.#last = member.previous;
    else member.next.previous = member.previous;
    member.previous = null;
    member.next = null;
  }

  /** The member goes behind all others: its turn is over. */
  rotate(member: Member): void {
    if (member === this.#last) return;
    this.remove(member);
    this.pushBack(member);
  }
}

/**
 * A binary heap whose members know their own index, so that any member can leave in O(log n), not only
 * the first. An object that stands in two heaps at once is a member of an `IndexedHeap` and of a
 * `SecondHeap`, and needs no second object for that.
 *
 * 1. The member at place i has the index i; a member outside has -1. Only the heap writes these
 *    indexes, and a member is in one heap of each kind at a time.
 * 2. No member comes before its parent.
 */
export interface HeapMember {
  heapIndex: number;
}

export interface SecondHeapMember {
  secondIndex: number;
}

abstract class Heap<Member> {
  readonly #before: (a: Member, b: Member) => boolean;
  readonly #members: Member[] = [];

  /** `before` must be a strict total order that does not change while its members are inside. */
  constructor(before: (a: Member, b: Member) => boolean) {
    this.#before = before;
  }

  protected abstract indexOf(member: Member): number;
  protected abstract setIndex(member: Member, index: number): void;

  get size(): number {
    return this.#members.length;
  }

  first(): Member | undefined {
    return this.#members[0];
  }

  /** All members, in no order. */
  all(): IterableIterator<Member> {
    return this.#members.values();
  }

  push(member: Member): void {
    this.#members.push(member);
    this.#rise(member, this.#members.length - 1);
  }

  /** Takes out a member that is inside. */
  remove(member: Member): void {
    const index = this.indexOf(member);
    this.setIndex(member, -1);
    const last = this.#members.pop();
    if (last === undefined || last === member) return;
    const parent = this.#members[(index - 1) >> 1];
    if (index > 0 && parent !== undefined && this.#before(last, parent)) this.#rise(last, index);
    else this.#sink(last, index);
  }

  #rise(member: Member, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#members[above];
      if (parent === undefined || !this.#before(member, parent)) break;
      this.#set(parent, index);
      index = above;
    }
    this.#set(member, index);
  }

  #sink(member: Member, from: number): void {
    let index = from;
    for (;;) {
      let below = 2 * index + 1;
      let child = this.#members[below];
      if (child === undefined) break;
      const other = this.#members[below + 1];
      if (other !== undefined && this.#before(other, child)) {
        below += 1;
        child = other;
      }
      if (!this.#before(child, member)) break;
      this.#set(child, index);
      index = below;
    }
    this.#set(member, index);
  }

  #set(member: Member, index: number): void {
    this.#members[index] = member;
    this.setIndex(member, index);
  }
}

export class IndexedHeap<Member extends HeapMember> extends Heap<Member> {
  protected indexOf(member: Member): number {
    return member.heapIndex;
  }

  protected setIndex(member: Member, index: number): void {
    member.heapIndex = index;
  }
}

export class SecondHeap<Member extends SecondHeapMember> extends Heap<Member> {
  protected indexOf(member: Member): number {
    return member.secondIndex;
  }

  protected setIndex(member: Member, index: number): void {
    member.secondIndex = index;
  }
}

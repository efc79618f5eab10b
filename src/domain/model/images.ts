/** The images of messages: which ones there are, and the same messages with others in their places. Pure. */
import type { GenerateMessage, ImagePart } from './message.ts';

/** An image of which heddle keeps the bytes under their hash. */
export type StoredImagePart = Extract<
  ImagePart,
  {
    /** SHA-256 of the bytes, in hexadecimal. */
    readonly sha256: string;
  }
>;

export function imagePartsOf(messages: readonly GenerateMessage[]): readonly ImagePart[] {
  return messages.flatMap((message) => {
    if (!('parts' in message) || message.parts === undefined) return [];
    return message.parts.flatMap((part): readonly ImagePart[] =>
      part.type === 'image' ? [part] : [],
    );
  });
}

export function storedImagesOf(messages: readonly GenerateMessage[]): readonly StoredImagePart[] {
  return imagePartsOf(messages).filter(isStored);
}

export const isStored = (image: ImagePart): image is StoredImagePart => 'sha256' in image;

/** The message with `to(image)` in the place of each image; the message itself if it has none. */
export function withImages(
  message: GenerateMessage,
  to: (image: ImagePart) => ImagePart,
): GenerateMessage {
  if (!('parts' in message) || message.parts?.some(({ type }) => type === 'image') !== true) {
    return message;
  }
  const parts = message.parts.map((part) => (part.type === 'image' ? to(part) : part));
  // An image stands where an image stood, so the parts are still those of the message's role.
  return { ...message, parts } as GenerateMessage;
}

/** How many bytes a text in base64 holds. */
export function bytesIn(data: string): number {
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0;
  return Math.floor((data.length * 3) / 4) - padding;
}

/**
 * Images of calls and conversations. An image above `imageInlineBytesMax` leaves its message when that is
 * appended: its bytes go to the table of images, once for each tenant, and its hash stays.
 *
 * 1. Each hash in a conversation's rows has a use in its run's rows: of the turn that began the call, or of
 *    the turn that appends. So retention keeps the image as long as the run.
 * 2. The same bytes have the same hash: a turn that is computed again stores the same images.
 */
import type { GenerateMessage } from '../../domain/catalogue.ts';
import { limits } from '../../domain/limits.ts';
import { bytesIn, imagePartsOf, storedImagesOf, withImages } from '../../domain/model/images.ts';
import type { Draft } from './draft.ts';
import type { ImageSizes } from './held.ts';
import type { TurnContext } from './turn-context.ts';

/** The run uses the stored images of these messages. Whether they are there is seen when the call is sent. */
export function useStored(draft: Draft, messages: readonly GenerateMessage[] = []): void {
  for (const { sha256 } of storedImagesOf(messages)) draft.images.push({ sha256, image: null });
}

/** The message as its row has it, and what the images of its conversation come to with it. */
export function keepImages(
  draft: Draft,
  said: GenerateMessage,
  { sha256, before }: Pick<TurnContext, 'sha256'> & { readonly before: ImageSizes | undefined },
): { readonly message: GenerateMessage; readonly sizes: ImageSizes | undefined } {
  let moved = 0;
  const message = withImages(said, (image) => {
    if (!('data' in image) || bytesIn(image.data) <= limits.imageInlineBytesMax) return image;
    const { mediaType } = image;
    const bytes = Buffer.from(image.data, 'base64');
    const hash = sha256(bytes);
    moved += bytes.length;
    // A model may write base64 in another form: Postgres takes only this one.
    draft.images.push({ sha256: hash, image: { mediaType, data: bytes.toString('base64') } });
    return { type: 'image', mediaType, sha256: hash };
  });
  const images = imagePartsOf([message]);
  if (images.length === 0) return { message, sizes: before };
  const { count = 0, chars = 0, bytes = 0 } = before ?? {};
  const inline = images.reduce((sum, one) => sum + ('data' in one ? one.data.length : 0), 0);
  const sizes = { count: count + images.length, chars: chars + inline, bytes: bytes + moved };
  return { message, sizes };
}

package org.llava4j.model.generate;

import java.util.List;
import org.llava4j.data.image.ImageRef;

/**
 * A text to go on with.
 *
 * @param ids with -200 where an image goes
 * @param images in the order of their places
 */
@SuppressWarnings("ArrayRecordComponent") // handed on to the layout; never compared or used as a key
public record Prompt(int[] ids, List<ImageRef> images) {
    public Prompt {
        images = List.copyOf(images);
    }
}

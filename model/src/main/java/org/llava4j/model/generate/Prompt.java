package org.llava4j.model.generate;

import java.util.List;
import org.llava4j.data.image.ImageRef;

/**
 * A tokenized multimodal prompt.
 *
 * @param ids token ids, with -200 in place of each image
 * @param images in the order of their -200
 */
@SuppressWarnings("ArrayRecordComponent") // read by the collator; never compared or used as a key
public record Prompt(int[] ids, List<ImageRef> images) {
    public Prompt {
        images = List.copyOf(images);
    }
}

package org.llava4j.model.generate;

import java.util.Arrays;
import java.util.List;
import org.llava4j.data.image.ImageBytes;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Token ids of a sequence with its images, comparable with those of other sequences.
 *
 * @param ids token ids, with -200 in place of each image
 * @param images keys of the images, equal for images of equal content
 * @param tokensPerImage number of tokens of an image
 */
@SuppressWarnings("ArrayRecordComponent") // compared by commonPrefix only
record PromptTokens(int[] ids, List<Object> images, int tokensPerImage) {

    /** @throws org.llava4j.data.BadInputException if an image file is missing */
    static PromptTokens of(Prompt prompt, int tokensPerImage) {
        List<Object> keys = prompt.images().stream().map(ImageBytes::contentKey).toList();
        return new PromptTokens(prompt.ids(), keys, tokensPerImage);
    }

    int idCount() {
        return ids.length;
    }

    /** Number of ids at the beginning that both sequences have in common. */
    int commonPrefix(PromptTokens other) {
        int image = 0;
        int shorter = Math.min(ids.length, other.ids.length);
        for (int i = 0; i < shorter; i++) {
            if (ids[i] != other.ids[i]) {
                return i;
            }
            if (ids[i] == LlamaTokenizer.IMAGE_TOKEN_ID) {
                if (!images.get(image).equals(other.images.get(image))) {
                    return i;
                }
                image++;
            }
        }
        return shorter;
    }

    /** Number of tokens of the first ids, image tokens included. */
    int tokenCount(int firstIds) {
        return firstIds + imageCount(firstIds) * (tokensPerImage - 1);
    }

    /** Number of images among the first ids. */
    int imageCount(int firstIds) {
        int count = 0;
        for (int i = 0; i < firstIds; i++) {
            count += ids[i] == LlamaTokenizer.IMAGE_TOKEN_ID ? 1 : 0;
        }
        return count;
    }

    /** The sequence of the prompt and its new tokens, truncated to a number of tokens, image tokens included. */
    PromptTokens withNewTokens(int[] allIds, int tokens) {
        int count = allIds.length - (tokenCountOf(allIds) - tokens);
        return new PromptTokens(Arrays.copyOf(allIds, count), images, tokensPerImage);
    }

    private int tokenCountOf(int[] allIds) {
        return new PromptTokens(allIds, images, tokensPerImage).tokenCount(allIds.length);
    }
}

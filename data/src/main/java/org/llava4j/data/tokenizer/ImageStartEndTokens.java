package org.llava4j.data.tokenizer;

import java.nio.file.Path;
import org.llava4j.data.BadInputException;

/**
 * The image start and end tokens ({@code mm_use_im_start_end}), which enclose the image tokens of each image. They are
 * added to the tokenizer of a model that uses them, and each has a row of the embedding table.
 *
 * @param startId id of {@link #START}
 * @param endId id of {@link #END}
 */
public record ImageStartEndTokens(int startId, int endId) {
    /** Precedes an image. */
    public static final String START = "<im_start>";

    /** Follows an image. */
    public static final String END = "<im_end>";

    /**
     * The image patch token ({@code mm_use_im_patch_token}), originally a placeholder for each image token. Image
     * tokens replace the sentinel {@link LlamaTokenizer#IMAGE_TOKEN_ID} instead, so this token only occupies an id.
     */
    public static final String PATCH = "<im_patch>";

    public ImageStartEndTokens {
        if (startId < 0 || endId < 0 || startId == endId) {
            throw new BadInputException(START + " and " + END + " have the ids " + startId + " and " + endId
                    + "; they must be different ids of the vocabulary");
        }
    }

    /**
     * The image start and end tokens of a tokenizer.
     *
     * @param folder where the tokenizer was read from, for the message
     * @throws BadInputException if the tokenizer does not have both tokens
     */
    public static ImageStartEndTokens of(LlamaTokenizer tokenizer, Path folder) {
        return new ImageStartEndTokens(id(tokenizer, START, folder), id(tokenizer, END, folder));
    }

    private static int id(LlamaTokenizer tokenizer, String token, Path folder) {
        Integer id = tokenizer.addedId(token);
        if (id == null) {
            throw new BadInputException(folder + ": \"mm_use_im_start_end\" is true but the tokenizer"
                    + " has no token " + token + "; use the added_tokens.json of the weights, or set"
                    + " the key to false if they have no embedding for it");
        }
        return id;
    }

    /** Whether {@code <im_start>}, an image and {@code <im_end>} are at {@code index} of {@code ids}. */
    public boolean isAt(int index, int[] ids) {
        return index + 2 < ids.length
                && ids[index] == startId
                && ids[index + 1] == LlamaTokenizer.IMAGE_TOKEN_ID
                && ids[index + 2] == endId;
    }
}

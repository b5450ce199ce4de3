package org.llava4j.data.tokenizer;

import java.nio.file.Path;
import org.llava4j.data.BadInputException;

/**
 * The two tokens that the paper puts around an image's vectors ({@code mm_use_im_start_end}). They are added to the
 * tokenizer of a model that has them, and each has a row of the embedding table.
 *
 * @param startId id of {@link #START}
 * @param endId id of {@link #END}
 */
public record ImageStartEndTokens(int startId, int endId) {
    /** Stands before an image. */
    public static final String START = "<im_start>";

    /** Stands behind an image. */
    public static final String END = "<im_end>";

    /**
     * What once held the place of each vector ({@code mm_use_im_patch_token}). The vectors replace the sentinel
     * {@link LlamaTokenizer#IMAGE_TOKEN_ID} instead, so that it only takes an id.
     */
    public static final String PATCH = "<im_patch>";

    public ImageStartEndTokens {
        if (startId < 0 || endId < 0 || startId == endId) {
            throw new BadInputException(START + " and " + END + " have the ids " + startId + " and " + endId
                    + "; give two different ids of the vocabulary");
        }
    }

    /**
     * The slot of a tokenizer.
     *
     * @param folder where it was read from, for the message
     * @throws BadInputException if it does not have both tokens
     */
    public static ImageStartEndTokens of(LlamaTokenizer tokenizer, Path folder) {
        return new ImageStartEndTokens(id(tokenizer, START, folder), id(tokenizer, END, folder));
    }

    private static int id(LlamaTokenizer tokenizer, String token, Path folder) {
        return tokenizer
                .addedId(token)
                .orElseThrow(() -> new BadInputException(folder + ": \"mm_use_im_start_end\" is true but the tokenizer"
                        + " has no token " + token + "; use the added_tokens.json that came with the weights, or set"
                        + " the key to false if they have no row for it"));
    }

    /** Whether {@code <im_start>}, the image, {@code <im_end>} stand at {@code index}. */
    public boolean isAt(int index, int[] ids) {
        return index + 2 < ids.length
                && ids[index] == startId
                && ids[index + 1] == LlamaTokenizer.IMAGE_TOKEN_ID
                && ids[index + 2] == endId;
    }
}

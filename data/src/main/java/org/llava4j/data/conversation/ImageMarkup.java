package org.llava4j.data.conversation;

import java.util.ArrayList;
import java.util.List;
import org.llava4j.data.PythonText;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * Preprocessing of image references in a turn, before a template is applied.
 *
 * @param imageFirst whether images are moved to the front of the turn, each on a line of its own (the published code
 *     since July 2023); otherwise they stay where the data has them (the paper, whose data puts the image before or
 *     after the question at random)
 * @param startEnd whether each image is put between {@code <im_start>} and {@code <im_end>} ({@code
 *     mm_use_im_start_end})
 */
public record ImageMarkup(boolean imageFirst, boolean startEnd) {
    private static final String IMAGE = LlamaTokenizer.IMAGE_TEXT;
    private static final String BRACKETED = ImageStartEndTokens.START + IMAGE + ImageStartEndTokens.END;

    /** Markup of the released LLaVA v1 weights. */
    public static final ImageMarkup V1 = new ImageMarkup(true, false);

    /** Applies the markup to a conversation; one without images is unchanged. */
    Conversation apply(Conversation conversation) {
        if (!conversation.hasImages()) {
            return conversation;
        }
        List<Turn> turns = new ArrayList<>();
        for (Turn turn : conversation.turns()) {
            turns.add(new Turn(turn.from(), apply(turn.value())));
        }
        return conversation.withTurns(turns);
    }

    /** Applies the markup to the text of one turn. */
    String apply(String value) {
        int images = count(value);
        if (imageFirst && images > 0) {
            value = PythonText.strip((IMAGE + "\n").repeat(images) + PythonText.strip(value.replace(IMAGE, "")));
        }
        return startEnd ? value.replace(IMAGE, BRACKETED) : value;
    }

    /** Returns the placeholder of one image in a turn with this markup. */
    String placeholder() {
        return startEnd ? BRACKETED : IMAGE;
    }

    /** Counts the image references of a text. */
    static int count(String value) {
        int count = 0;
        for (int at = value.indexOf(IMAGE); at >= 0; at = value.indexOf(IMAGE, at + IMAGE.length())) {
            count++;
        }
        return count;
    }
}

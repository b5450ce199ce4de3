package org.llava4j.model.chat;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * A generation request: a conversation whose last turn is the user's, and its images.
 *
 * @param turns human turns name each image by one {@code <image>}; without images, and in other turns, {@code <image>}
 *     is ordinary text
 * @param images in the order in which the turns name them
 * @param system system prompt; null for the conversation template's own
 * @param answerPrefix text that the answer begins with and that the model continues; empty for none
 * @param specialTokensInText whether special tokens in messages, such as {@code </s>}, are parsed as tokens, as in
 *     training and in the published evaluation; otherwise they are ordinary text, so that a message cannot forge a turn
 */
public record GenerationRequest(
        List<Turn> turns,
        List<ImageRef> images,
        @Nullable String system,
        String answerPrefix,
        boolean specialTokensInText) {
    private static final String IMAGE_TOKEN = LlamaTokenizer.IMAGE_TEXT;

    /** @throws BadInputException if the turns do not name each image once, or the last turn is not the user's */
    public GenerationRequest {
        turns = List.copyOf(turns);
        images = List.copyOf(images);
        if (turns.isEmpty() || !turns.get(turns.size() - 1).isHuman()) {
            throw new BadInputException("the conversation has no question; its last turn must be the human's");
        }
        int named = turns.stream()
                .filter(Turn::isHuman)
                .mapToInt(turn -> turn.value().split(IMAGE_TOKEN, -1).length - 1)
                .sum();
        if (!images.isEmpty() && named != images.size()) {
            throw new BadInputException("the conversation has " + named + " " + IMAGE_TOKEN + " but " + images.size()
                    + " images; write " + IMAGE_TOKEN + " once for each image");
        }
    }

    /** A request with the conversation template's own system prompt. */
    public GenerationRequest(List<Turn> turns, List<ImageRef> images) {
        this(turns, images, null);
    }

    /** A request without an answer prefix. */
    public GenerationRequest(List<Turn> turns, List<ImageRef> images, @Nullable String system) {
        this(turns, images, system, "", false);
    }

    /** A copy with an answer prefix, which the model continues. */
    public GenerationRequest withAnswerPrefix(String text) {
        return new GenerationRequest(turns, images, system, text, specialTokensInText);
    }

    /** A copy that parses special tokens in messages as tokens, or reads them as ordinary text. */
    public GenerationRequest withSpecialTokensInText(boolean enabled) {
        return new GenerationRequest(turns, images, system, answerPrefix, enabled);
    }

    /** A single-turn request with image files, which the text names by {@code <image>}. */
    public static GenerationRequest of(String text, List<Path> images) {
        return new GenerationRequest(
                List.of(Turn.human(text)), images.stream().map(ImageRef::of).toList());
    }

    /** A single-turn request about one image. The image precedes the text unless the text contains {@code <image>}. */
    public static GenerationRequest about(ImageRef image, String text) {
        return new GenerationRequest(List.of(Turn.human(withImageToken(text))), List.of(image));
    }

    /** The text with {@code <image>} in front, unless it contains one. */
    static String withImageToken(String text) {
        return text.contains(IMAGE_TOKEN) ? text : IMAGE_TOKEN + "\n" + text;
    }
}

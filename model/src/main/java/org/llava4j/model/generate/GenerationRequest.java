package org.llava4j.model.generate;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.image.ImageRef;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * What is asked: a conversation whose last turn waits for an answer.
 *
 * @param turns the human ones with {@code <image>} once for each image, where there are any; in others it is text
 * @param images in the order in which the turns name them
 * @param system the message before all turns, instead of the template's own
 * @param answerPrefix how the answer begins, which the model goes on with; empty where it begins itself
 * @param specialTokensInText whether special tokens written in messages, such as {@code </s>}, become those tokens, as
 *     in training and published evaluation; otherwise they are ordinary text and cannot forge a turn
 */
public record GenerationRequest(
        List<Turn> turns,
        List<ImageRef> images,
        Optional<String> system,
        String answerPrefix,
        boolean specialTokensInText) {
    private static final String IMAGE_TOKEN = LlamaTokenizer.IMAGE_TEXT;

    /** @throws BadInputException if the turns do not name each image once, or none asks */
    public GenerationRequest {
        turns = List.copyOf(turns);
        images = List.copyOf(images);
        if (turns.isEmpty() || !turns.get(turns.size() - 1).isHuman()) {
            throw new BadInputException("nothing is asked; the last turn must be the human's");
        }
        int named = turns.stream()
                .filter(Turn::isHuman)
                .mapToInt(turn -> turn.value().split(IMAGE_TOKEN, -1).length - 1)
                .sum();
        if (!images.isEmpty() && named != images.size()) {
            throw new BadInputException("the question names " + named + " images and brings " + images.size()
                    + "; write " + IMAGE_TOKEN + " once for each");
        }
    }

    /** With the template's own message before all turns. */
    public GenerationRequest(List<Turn> turns, List<ImageRef> images) {
        this(turns, images, Optional.empty());
    }

    /** Of which the model begins the answer. */
    public GenerationRequest(List<Turn> turns, List<ImageRef> images, Optional<String> system) {
        this(turns, images, system, "", false);
    }

    /** The same with an answer that has begun. */
    public GenerationRequest withAnswerPrefix(String text) {
        return new GenerationRequest(turns, images, system, text, specialTokensInText);
    }

    /** The same with special tokens in messages read as tokens, or as ordinary text. */
    public GenerationRequest withSpecialTokensInText(boolean enabled) {
        return new GenerationRequest(turns, images, system, answerPrefix, enabled);
    }

    /** One question with pictures in files. */
    public static GenerationRequest of(String text, List<Path> images) {
        return new GenerationRequest(
                List.of(Turn.human(text)), images.stream().map(ImageRef::of).toList());
    }

    /** One question about one picture, which comes first unless the text says where. */
    public static GenerationRequest about(ImageRef image, String text) {
        return new GenerationRequest(List.of(Turn.human(withImageToken(text))), List.of(image));
    }

    /** The text with the mark of one image at its front, unless it has one. */
    static String withImageToken(String text) {
        return text.contains(IMAGE_TOKEN) ? text : IMAGE_TOKEN + "\n" + text;
    }
}

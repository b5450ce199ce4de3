package org.llava4j.data.pretraining;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.llava4j.data.BadInputException;
import org.llava4j.data.TextFiles;
import org.llava4j.data.captions.Caption;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.conversation.Turn;
import org.llava4j.data.records.SeededHash;
import org.llava4j.data.tokenizer.LlamaTokenizer;

/**
 * The paper's simple expansion (section 4.2): a caption becomes the answer to one of several ways of asking for it. Which
 * one, and on which side of it the image is, are functions of the seed and the caption's id alone.
 *
 * @param texts the instructions, one of which is drawn
 */
public record CaptionInstructions(List<String> texts) {
    private static final String BUILT_IN = "brief-instructions.txt";
    private static final String COMMENT = "#";

    /** On which side of the instruction the image is. */
    public enum ImagePosition {
        FIRST,
        LAST,
        RANDOM;

        /** @throws BadInputException if there is none of this name */
        public static ImagePosition named(String name) {
            return switch (name) {
                case "first" -> FIRST;
                case "last" -> LAST;
                case "random" -> RANDOM;
                default -> throw new BadInputException("the image is first, last or random, not " + name);
            };
        }
    }

    public CaptionInstructions {
        texts = List.copyOf(texts);
        if (texts.isEmpty()) {
            throw new BadInputException("there are no instructions; write one a line");
        }
    }

    /** Eleven ways of asking for a brief description. */
    public static CaptionInstructions brief() {
        try (InputStream in = CaptionInstructions.class.getResourceAsStream(BUILT_IN)) {
            return ofLines(
                    BUILT_IN,
                    new String(in.readAllBytes(), StandardCharsets.UTF_8)
                            .lines()
                            .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Those of a file, one a line; empty lines and those that begin with # are left out. */
    public static CaptionInstructions read(Path file) {
        return ofLines(file.toString(), TextFiles.lines(file));
    }

    private static CaptionInstructions ofLines(String source, List<String> lines) {
        List<String> texts = lines.stream()
                .map(String::strip)
                .filter(text -> !text.isEmpty() && !text.startsWith(COMMENT))
                .toList();
        for (String text : texts) {
            if (text.contains(LlamaTokenizer.IMAGE_TEXT)) {
                throw new BadInputException(source + ", line " + (lineOf(text, lines)) + ": leave out "
                        + LlamaTokenizer.IMAGE_TEXT + "; it is put before or after the instruction");
            }
        }
        if (texts.isEmpty()) {
            throw new BadInputException(source + ": there are no instructions; write one a line");
        }
        return new CaptionInstructions(texts);
    }

    private static int lineOf(String text, List<String> lines) {
        return lines.stream().map(String::strip).toList().indexOf(text) + 1;
    }

    /** The sample that a caption becomes. */
    public Conversation expand(Caption caption, ImagePosition position, long seed) {
        String text =
                texts.get((int) Math.floorMod(SeededHash.bits(seed, "instruction", caption.id()), (long) texts.size()));
        boolean first = position == ImagePosition.FIRST
                || (position == ImagePosition.RANDOM && SeededHash.bits(seed, "position", caption.id()) < 0);
        String image = LlamaTokenizer.IMAGE_TEXT;
        return new Conversation(
                caption.jsonId(),
                List.of(caption.image()),
                List.of(Turn.human(first ? image + "\n" + text : text + "\n" + image), Turn.gpt(caption.text())));
    }
}

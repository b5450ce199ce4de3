package org.llava4j.data.pretraining;

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
 * Instructions of the paper's caption expansion (section 4.2): a caption becomes the answer to an instruction that asks
 * for a brief description. The choice of instruction and the position of the image are pure functions of the seed and
 * the caption's id.
 *
 * @param texts the instructions, one of which is sampled per caption
 */
record CaptionInstructions(List<String> texts) {
    private static final String BUILT_IN = "brief-instructions.txt";
    private static final String COMMENT = "#";

    /** Position of the image relative to the instruction. */
    enum ImagePosition {
        FIRST,
        LAST,
        RANDOM
    }

    public CaptionInstructions {
        texts = List.copyOf(texts);
        if (texts.isEmpty()) {
            throw new BadInputException("there are no instructions; write one per line");
        }
    }

    /** Returns the eleven built-in instructions for a brief description. */
    static CaptionInstructions brief() {
        return ofLines(
                BUILT_IN,
                TextFiles.resource(CaptionInstructions.class, BUILT_IN).lines().toList());
    }

    /** Reads the instructions of a file, one per line; empty lines and lines that start with # are ignored. */
    static CaptionInstructions read(Path file) {
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
                        + LlamaTokenizer.IMAGE_TEXT + "; it is added before or after the instruction");
            }
        }
        if (texts.isEmpty()) {
            throw new BadInputException(source + ": there are no instructions; write one per line");
        }
        return new CaptionInstructions(texts);
    }

    private static int lineOf(String text, List<String> lines) {
        return lines.stream().map(String::strip).toList().indexOf(text) + 1;
    }

    /** Expands a caption to a sample. */
    Conversation expand(Caption caption, ImagePosition position, long seed) {
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

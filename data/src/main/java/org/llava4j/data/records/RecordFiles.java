package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedOutputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.Locale;
import java.util.function.Function;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.captions.Caption;
import org.llava4j.data.conversation.Conversation;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/**
 * Writers of the file formats that the readers of this package read. Records are written one at a time in constant
 * memory, and a file appears only when it is complete. A name that ends in {@code .jsonl} gets one object per line, any
 * other an array with one entry per line.
 */
public final class RecordFiles {
    private static final JsonMapper MAPPER = new JsonMapper();
    private static final byte[] NEW_LINE = {'\n'};

    private RecordFiles() {}

    /**
     * Writes LLaVA's conversation format.
     *
     * @throws BadInputException if the file cannot be written
     */
    public static void writeConversations(Path file, Iterator<Conversation> samples) {
        write(file, samples, RecordFiles::node);
    }

    /**
     * Writes tokenized samples.
     *
     * @throws BadInputException if the file cannot be written
     */
    public static void writeTokenized(Path file, Iterator<TokenizedSample> samples) {
        write(file, samples, TokenizedRecordReader::node);
    }

    /**
     * Writes captions in the format of LLaVA's {@code metadata.json}.
     *
     * @throws BadInputException if the file cannot be written
     */
    public static void writeCaptions(Path file, Iterator<Caption> captions) {
        write(
                file,
                captions,
                caption -> JsonNodeFactory.instance
                        .objectNode()
                        .<ObjectNode>set("id", caption.jsonId().json())
                        .put("image", caption.image())
                        .put("caption", caption.text()));
    }

    /**
     * Writes ScienceQA's {@code problems.json}.
     *
     * @param problems problems with different ids
     * @throws BadInputException if the file cannot be written
     */
    public static void writeScienceQa(Path file, Iterator<ScienceQaProblem> problems) {
        AtomicFile.write(file, channel -> {
            OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
            out.write('{');
            for (String before = ""; problems.hasNext(); before = ",") {
                ScienceQaProblem problem = problems.next();
                out.write(bytes(before));
                out.write(MAPPER.writeValueAsBytes(problem.id()));
                out.write(':');
                out.write(MAPPER.writeValueAsBytes(node(problem)));
            }
            out.write(bytes("}\n"));
            out.flush();
        });
    }

    private static ObjectNode node(ScienceQaProblem problem) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put("question", problem.question());
        ArrayNode choices = node.putArray("choices");
        problem.choices().forEach(choices::add);
        node.put("answer", problem.answer());
        node.put("hint", problem.hint());
        node.put("image", problem.hasImage() ? problem.image() : null);
        node.put("task", problem.task());
        node.put("grade", problem.grade());
        node.put("subject", problem.subject());
        node.put("topic", problem.topic());
        node.put("category", problem.category());
        node.put("skill", problem.skill());
        node.put("lecture", problem.lecture());
        node.put("solution", problem.solution());
        node.put("split", problem.split());
        return node;
    }

    private static JsonNode node(Conversation sample) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.set("id", sample.jsonId().json());
        if (sample.images().size() == 1) {
            node.put("image", sample.images().get(0));
        } else if (sample.hasImages()) {
            ArrayNode images = node.putArray("image");
            sample.images().forEach(images::add);
        }
        node.set("conversations", ConversationRecordReader.turns(sample));
        return node;
    }

    private static <T> void write(Path file, Iterator<T> entries, Function<T, JsonNode> node) {
        boolean lines =
                String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT).endsWith(".jsonl");
        AtomicFile.write(file, channel -> {
            OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), 1 << 16);
            out.write(bytes(lines ? "" : "["));
            for (boolean first = true; entries.hasNext(); first = false) {
                out.write(bytes(first ? lines ? "" : "\n" : lines ? "\n" : ",\n"));
                out.write(MAPPER.writeValueAsBytes(node.apply(entries.next())));
            }
            out.write(bytes(lines ? "" : "\n]"));
            out.write(NEW_LINE);
            out.flush();
        });
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}

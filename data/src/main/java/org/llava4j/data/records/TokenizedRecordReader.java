package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.datavec.api.split.CollectionInputSplit;
import org.datavec.api.writable.IntWritable;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.EncodedSample;

/**
 * Reads samples as ids, an object a line: {@code {"number", "where", "id", "image": [...], "length", "input_ids": [...],
 * "learned": [[from, to], ...]}}; what is learned is told by ranges of positions, their ends excluded. A sample that is no
 * good has {@code "problem"} in place of ids. To DataVec a record is the sample's number and its line.
 */
public final class TokenizedRecordReader extends IndexedRecordReader<TokenizedSample> {
    private static final long serialVersionUID = 1L;
    private static final String NUMBER = "number";
    private static final String WHERE = "where";
    private static final String ID = "id";
    private static final String IMAGE = "image";
    private static final String LENGTH = "length";
    private static final String IDS = "input_ids";
    private static final String TARGETS = "learned";
    private static final String PROBLEM = "problem";

    /** A reader over several files, one after the other. @throws BadInputException if one is missing or not JSON */
    public static TokenizedRecordReader open(List<Path> files) {
        TokenizedRecordReader reader = new TokenizedRecordReader();
        reader.initialize(new CollectionInputSplit(
                files.stream().map(file -> requireFile(file).toUri()).toList()));
        return reader;
    }

    /** What a line says. */
    static ObjectNode node(TokenizedSample sample) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put(NUMBER, sample.number()).put(WHERE, sample.where());
        if (sample.problem() != null) {
            return node.put(PROBLEM, sample.problem());
        }
        node.put(ID, sample.id());
        ArrayNode images = node.putArray(IMAGE);
        sample.images().forEach(images::add);
        node.put(LENGTH, sample.length());
        ArrayNode ids = node.putArray(IDS);
        Arrays.stream(sample.encoded().inputIds()).forEach(ids::add);
        ArrayNode learned = node.putArray(TARGETS);
        int[] labels = sample.encoded().labels();
        for (int from = 0; from < labels.length; from++) {
            int to = from;
            while (to < labels.length && labels[to] != EncodedSample.IGNORE_INDEX) {
                to++;
            }
            if (to > from) {
                learned.addArray().add(from).add(to);
                from = to;
            }
        }
        return node;
    }

    @Override
    TokenizedSample parse(JsonNode entry, String key) {
        int number = whole(entry, NUMBER);
        JsonFields fields = new JsonFields(entry, "sample " + number);
        if (entry.has(PROBLEM)) {
            return TokenizedSample.bad(number, fields.text(WHERE), fields.text(PROBLEM));
        }
        JsonNode given = entry.path(IDS);
        if (!given.isArray() || given.isEmpty()) {
            throw new BadInputException("sample " + number + ": \"" + IDS + "\" must be a list of ids");
        }
        int[] ids = new int[given.size()];
        int[] labels = new int[ids.length];
        Arrays.fill(labels, EncodedSample.IGNORE_INDEX);
        for (int i = 0; i < ids.length; i++) {
            if (!given.get(i).isInt()) {
                throw new BadInputException("sample " + number + ": \"" + IDS + "\" has " + given.get(i));
            }
            ids[i] = given.get(i).intValue();
        }
        for (JsonNode range : entry.path(TARGETS)) {
            int from = range.path(0).asInt(-1);
            int to = range.path(1).asInt(-1);
            if (from < 0 || to <= from || to > ids.length) {
                throw new BadInputException("sample " + number + ": \"" + TARGETS + "\" has " + range + ", which is no"
                        + " range of its " + ids.length + " ids");
            }
            System.arraycopy(ids, from, labels, from, to - from);
        }
        return new TokenizedSample(
                number,
                fields.text(WHERE),
                fields.text(ID),
                fields.texts(IMAGE),
                whole(entry, LENGTH),
                new EncodedSample(ids, labels),
                null);
    }

    private static int whole(JsonNode entry, String key) {
        JsonNode value = entry.path(key);
        if (!value.isInt() || value.intValue() < 0) {
            throw new BadInputException("\"" + key + "\" must be a whole number, not " + value);
        }
        return value.intValue();
    }

    @Override
    List<Writable> writables(TokenizedSample value) {
        return List.of(new IntWritable(value.number()), new Text(node(value).toString()));
    }
}

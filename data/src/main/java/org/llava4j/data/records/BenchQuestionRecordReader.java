package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.datavec.api.writable.LongWritable;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonId;
import org.llava4j.data.llavabench.BenchQuestion;

/**
 * Record reader of LLaVA-Bench's questions: {@code {"question_id", "image", "text", "category"}}, as JSONL or a JSON
 * array. A DataVec record is the id, a long or a text as in the file, and three texts.
 */
public final class BenchQuestionRecordReader extends IndexedRecordReader<BenchQuestion> {
    private static final long serialVersionUID = 1L;

    /**
     * Opens a file.
     *
     * @throws BadInputException if it is missing or not JSON
     */
    static BenchQuestionRecordReader open(Path file) {
        return opened(new BenchQuestionRecordReader(), List.of(file));
    }

    /**
     * Reads all questions of a file.
     *
     * @throws BadInputException if it is missing, not JSON or empty, or an id is duplicate
     */
    public static List<BenchQuestion> all(Path file) {
        try (BenchQuestionRecordReader reader = open(file)) {
            UniqueIds ids = new UniqueIds("question", reader::where);
            List<BenchQuestion> questions = new ArrayList<>();
            for (int number = 0; number < reader.size(); number++) {
                BenchQuestion question = reader.get(number);
                ids.add(question.id().text(), number);
                questions.add(question);
            }
            if (questions.isEmpty()) {
                throw new BadInputException(file + " has no questions; give LLaVA-Bench's questions file");
            }
            return questions;
        }
    }

    @Override
    BenchQuestion parse(JsonNode entry, String key) {
        JsonFields fields =
                new JsonFields(entry, "question " + entry.path("question_id").asText("without id"));
        return new BenchQuestion(
                fields.jsonId("question_id"), fields.text("image"), fields.text("text"), fields.text("category"));
    }

    @Override
    String id(JsonNode entry, String key) {
        return entry.path("question_id").asText("");
    }

    private static Writable id(JsonId id) {
        JsonNode json = id.json();
        return json.canConvertToLong() ? new LongWritable(json.longValue()) : new Text(id.text());
    }

    @Override
    List<Writable> writables(BenchQuestion value) {
        return List.of(id(value.id()), new Text(value.image()), new Text(value.text()), new Text(value.category()));
    }
}

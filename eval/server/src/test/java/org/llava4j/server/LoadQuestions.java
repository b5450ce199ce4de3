package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.llava4j.data.records.ScienceQaRecordReader;
import org.llava4j.data.scienceqa.ScienceQaProblem;
import org.llava4j.data.scienceqa.ScienceQaPrompt;
import org.llava4j.data.synthetic.SyntheticDatasetConfig;
import org.llava4j.data.synthetic.SyntheticDatasetWriter;

/**
 * Different questions of load tests with their answers.
 *
 * @param requests chat requests
 * @param answers the answer to each request while there is no other
 */
record LoadQuestions(List<ObjectNode> requests, List<String> answers) {
    private static final int MIN_DIFFERENT = 4;

    /**
     * Writes a synthetic dataset and asks its questions one after the other.
     *
     * @param folder does not exist
     * @param ask sends a request and returns the answer
     */
    static LoadQuestions ask(Path folder, Function<ObjectNode, String> ask) throws Exception {
        SyntheticDatasetWriter.write(new SyntheticDatasetConfig(11, 0, 0, 6, 0, false), folder);
        List<ObjectNode> requests = new ArrayList<>();
        for (ScienceQaProblem problem : ScienceQaRecordReader.problems(folder, "test")) {
            requests.add(request(folder, problem));
        }
        List<String> answers = requests.stream().map(ask).toList();
        assertThat(answers).doesNotContainNull();
        assertThat(answers.stream().distinct().count())
                .as("different answers of %s", answers)
                .isGreaterThanOrEqualTo(MIN_DIFFERENT);
        return new LoadQuestions(requests, answers);
    }

    private static ObjectNode request(Path folder, ScienceQaProblem problem) {
        String text = ScienceQaPrompt.named("A")
                .question(problem)
                .replace("<image>", "")
                .strip();
        ObjectNode body = TestServer.textRequest(text);
        if (problem.hasImage()) {
            body = TestServer.mapRequest();
            var content = body.withArray("/messages/0/content");
            ((ObjectNode) content.get(0).get("image_url"))
                    .put("url", TestServer.dataUrl(ScienceQaRecordReader.image(folder.resolve("images"), problem)));
            ((ObjectNode) content.get(1)).put("text", text);
        }
        return body.put("max_tokens", 12);
    }

    int count() {
        return requests.size();
    }
}

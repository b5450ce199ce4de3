package org.llava4j.eval;

import java.util.List;
import org.llava4j.data.scienceqa.ScienceQaProblem;

/** ScienceQA problems for tests. */
public final class TestProblems {
    private TestProblems() {}

    public static ScienceQaProblem magnets(String id) {
        return problem(id, "Will these magnets attract or repel each other?", "physics", 1, "attract", "repel");
    }

    public static ScienceQaProblem problem(String id, String question, String skill, int answer, String... choices) {
        return new ScienceQaProblem(
                id,
                question,
                List.of(choices),
                answer,
                "Look at the picture.",
                "image.png",
                "closed choice",
                "grade5",
                "natural science",
                "physics",
                "Magnets",
                skill,
                "",
                "",
                "test");
    }
}

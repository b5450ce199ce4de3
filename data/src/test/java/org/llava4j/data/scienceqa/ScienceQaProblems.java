package org.llava4j.data.scienceqa;

import java.util.List;

/** Problems for tests: a complete one and variations of it. */
final class ScienceQaProblems {
    private ScienceQaProblems() {}

    static ScienceQaProblem magnets() {
        return problem(
                "Will these magnets attract or repel?",
                "Two magnets are placed as shown.",
                "image.png",
                "grade5",
                "natural science",
                "Like poles repel.\nUnlike poles attract.",
                "Both north poles face each other.");
    }

    private static ScienceQaProblem problem(
            String question, String hint, String image, String grade, String subject, String lecture, String solution) {
        return new ScienceQaProblem(
                "17",
                question,
                List.of("attract", "repel"),
                1,
                hint,
                image,
                "closed choice",
                grade,
                subject,
                "physics",
                "Magnets",
                "Predict forces",
                lecture,
                solution,
                "test");
    }

    static ScienceQaProblem with(String subject, String grade, String hint, String image) {
        ScienceQaProblem p = magnets();
        return problem(p.question(), hint, image, grade, subject, p.lecture(), p.solution());
    }

    static ScienceQaProblem texts(String question, String hint, String lecture, String solution) {
        ScienceQaProblem p = magnets();
        return problem(question, hint, "", p.grade(), p.subject(), lecture, solution);
    }
}

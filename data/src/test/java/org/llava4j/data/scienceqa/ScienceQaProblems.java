package org.llava4j.data.scienceqa;

import java.util.List;

/** Problems for tests: a complete one and variations of it. */
final class ScienceQaProblems {
    private ScienceQaProblems() {}

    static ScienceQaProblem magnets() {
        return new ScienceQaProblem(
                "17",
                "Will these magnets attract or repel?",
                List.of("attract", "repel"),
                1,
                "Two magnets are placed as shown.",
                "image.png",
                "closed choice",
                "grade5",
                "natural science",
                "physics",
                "Magnets",
                "Predict forces",
                "Like poles repel.\nUnlike poles attract.",
                "Both north poles face each other.",
                "test");
    }

    static ScienceQaProblem with(String subject, String grade, String hint, String image) {
        ScienceQaProblem p = magnets();
        return new ScienceQaProblem(
                p.id(),
                p.question(),
                p.choices(),
                p.answer(),
                hint,
                image,
                p.task(),
                grade,
                subject,
                p.topic(),
                p.category(),
                p.skill(),
                p.lecture(),
                p.solution(),
                p.split());
    }

    static ScienceQaProblem texts(String question, String hint, String lecture, String solution) {
        ScienceQaProblem p = magnets();
        return new ScienceQaProblem(
                p.id(),
                question,
                p.choices(),
                p.answer(),
                hint,
                "",
                p.task(),
                p.grade(),
                p.subject(),
                p.topic(),
                p.category(),
                p.skill(),
                lecture,
                solution,
                p.split());
    }
}

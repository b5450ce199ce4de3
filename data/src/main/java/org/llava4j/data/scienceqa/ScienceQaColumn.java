package org.llava4j.data.scienceqa;

/** The columns of the ScienceQA tables. TXT and IMG overlap, so the columns do not add up to AVG. */
public enum ScienceQaColumn {
    NAT("NAT"),
    SOC("SOC"),
    LAN("LAN"),
    TXT("TXT"),
    IMG("IMG"),
    NO("NO"),
    G1_6("G1-6"),
    G7_12("G7-12"),
    AVG("Avg");

    private static final String GRADE = "grade";

    private final String label;

    ScienceQaColumn(String label) {
        this.label = label;
    }

    /** As in the tables' head: {@code G1-6}. */
    public String label() {
        return label;
    }

    /** Whether this column counts the problem. */
    public boolean counts(ScienceQaProblem problem) {
        boolean hasHint = !problem.hint().isEmpty();
        return switch (this) {
            case NAT -> problem.subject().equals("natural science");
            case SOC -> problem.subject().equals("social science");
            case LAN -> problem.subject().equals("language science");
            case TXT -> hasHint;
            case IMG -> problem.hasImage();
            case NO -> !hasHint && !problem.hasImage();
            case G1_6 -> gradeOf(problem) >= 1 && gradeOf(problem) <= 6;
            case G7_12 -> gradeOf(problem) >= 7 && gradeOf(problem) <= 12;
            case AVG -> true;
        };
    }

    /** 0 where the grade is not {@code grade1} .. {@code grade12}: such a problem is in neither column of grades. */
    private static int gradeOf(ScienceQaProblem problem) {
        String grade = problem.grade();
        return grade.matches("grade\\d{1,2}") ? Integer.parseInt(grade.substring(GRADE.length())) : 0;
    }
}

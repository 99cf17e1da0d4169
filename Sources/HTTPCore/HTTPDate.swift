package import ByteCoding

/// `Sun, 06 Nov 1994 08:49:37 GMT`: the date format of RFC 9110 section 5.6.7.
package enum HTTPDate {
  /// Appends the date of a moment.
  ///
  /// - Parameter seconds: since 1970-01-01T00:00:00Z, not negative, before the year 10000.
  package static func append(unixSeconds seconds: Int, to text: inout ByteBuffer) {
    precondition((0..<253_402_300_800).contains(seconds), "the date has a year of four digits")
    let (days, secondOfDay) = seconds.quotientAndRemainder(dividingBy: 86_400)
    let (year, month, day) = civilDate(daysSince1970: days)
    text.append(dayName((days + 4) % 7))
    append(twoDigits: day, to: &text)
    text.append(monthName(month))
    append(twoDigits: year / 100, to: &text)
    append(twoDigits: year % 100, to: &text)
    text.append(" ")
    append(twoDigits: secondOfDay / 3600, to: &text)
    text.append(":")
    append(twoDigits: secondOfDay / 60 % 60, to: &text)
    text.append(":")
    append(twoDigits: secondOfDay % 60, to: &text)
    text.append(" GMT")
  }

  private static func append(twoDigits value: Int, to text: inout ByteBuffer) {
    text.append(UInt8(0x30 + value / 10))
    text.append(UInt8(0x30 + value % 10))
  }

  /// Days to a date of the Gregorian calendar; years are counted from March, eras of 400 years
  /// (Hinnant, "chrono-compatible low-level date algorithms").
  private static func civilDate(daysSince1970 days: Int) -> (year: Int, month: Int, day: Int) {
    let shifted = days + 719_468
    let (era, dayOfEra) = shifted.quotientAndRemainder(dividingBy: 146_097)
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }

  private static func dayName(_ day: Int) -> StaticString {
    switch day {
    case 0: "Sun, "
    case 1: "Mon, "
    case 2: "Tue, "
    case 3: "Wed, "
    case 4: "Thu, "
    case 5: "Fri, "
    default: "Sat, "
    }
  }

  private static func monthName(_ month: Int) -> StaticString {
    switch month {
    case 1: " Jan "
    case 2: " Feb "
    case 3: " Mar "
    case 4: " Apr "
    case 5: " May "
    case 6: " Jun "
    case 7: " Jul "
    case 8: " Aug "
    case 9: " Sep "
    case 10: " Oct "
    case 11: " Nov "
    default: " Dec "
    }
  }
}

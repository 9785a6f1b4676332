type Names = readonly [string, ...string[]];

const list = (text: string): Names => {
  const [first = "", ...rest] = text.split(",").map((name) => name.trim().replace(/\s+/g, " "));
  return [first, ...rest];
};

/** Family names from many places, so that sorting, searching and accents are tried too. */
export const familyNames = list(`
  Abbasi, Achterberg, Adeyemi, Aguirre, Akintola, Albrecht, Almqvist, Anand, Aoki, Arslan, Asante, Baptista, Barańska,
  Bélanger, Bernardi, Bhatt, Björnsson, Boateng, Brannigan, Caddell, Castellano, Chaudhry, Cheung, Chikwanda, Chowdhury,
  Cormack, Cortázar, Dahlgren, Dang, Deschamps, Dimitrova, Doherty, Duarte, Eriksen, Fairweather, Farahani, Ferreira,
  Fitzgibbon, Fontaine, Gebreselassie, Ghosh, Grzelak, Haddad, Hakimi, Harrowgate, Hashimoto, Holtby, Horváth, Ibekwe,
  Ilić, Iyer, Jankauskas, Jimoh, Kaplan, Karimov, Kavanagh, Khumalo, Kılıç, Kobayashi, Kowalczyk, Kruger, Kuznetsova,
  Lachance, Lindqvist, Llewellyn, Lombardi, Macalister, Mahlangu, Maïga, Marchetti, Mbeki-Lowe, McQuillan, Mendoza, Mwangi,
  Nakashima, Nasser, Ndiaye, Nguyễn, Nowicka, Núñez, O'Dowd, Odhiambo, Okonjo, Ólafsdóttir, Onyango, Ortega, Papadakis,
  Park, Pereira, Petrossian, Pham, Pietersen, Quispe, Rafferty, Ramaswamy, Rautio, Rosenthal, Rousseau, Saarinen, Sandhu,
  Santangelo, Schröder, Sesay, Shirazi, Siddiqui, Silveira, Ó Súilleabháin, Strand, Szabó, Tanaka, Tembo, Thackeray, Tiwari,
  Torrance, Tran, Tuilagi, Ueda, Vâlcan, van der Merwe, Varga, Vasquez, Wałęga, Wanjiru, Weatherby, Whitcombe, Wickramasinghe,
  Wójcik, Yamada, Yıldırım, Youssef, Zamora, Zhang, Zielinski
`);

export const femaleNames = list(`
  Abena, Adaeze, Agnieszka, Aisling, Amara, Amelia, Anneke, Anoushka, Asha, Astrid, Ayşe, Beatriz, Birgitta, Bronwen, Camila,
  Chiara, Chloé, Dilnoza, Edith, Ebru, Efua, Elif, Esperanza, Farida, Fatoumata, Freya, Giulia, Grace, Hana, Harriet, Huong,
  Ingrid, Ioana, Jadwiga, Josephine, Kavita, Keiko, Khadija, Laleh, Leticia, Linnéa, Lucía, Maeve, Mahnoor, Margaret, Mei,
  Mireille, Nadia, Naledi, Ngozi, Niamh, Noor, Olga, Parisa, Paulina, Priya, Rosalind, Ruth, Sakura, Salma, Siobhán, Sofía,
  Tamsin, Thandiwe, Valentina, Wanjiku, Winifred, Xiomara, Yasmin, Yuki, Zanele, Zuzanna
`);

export const maleNames = list(`
  Abdullahi, Adrián, Alasdair, Amir, Anton, Arjun, Bartosz, Benedikt, Björn, Callum, Cem, Chidi, Cillian, Dáithí, Daniel, Davor,
  Desmond, Diego, Ebenezer, Emeka, Emre, Enzo, Farhad, Florin, George, Giovanni, Gwilym, Hamza, Haruto, Henrik, Hugo, Ibrahim,
  Ikenna, Ivor, Jakub, Jerome, Joaquín, Kamal, Kenji, Kofi, Kwabena, Lars, Laszlo, Leonard, Luca, Malik, Mateus, Mehmet, Minh,
  Mohan, Nikolai, Oisín, Olumide, Omar, Pádraig, Pascal, Rafael, Ravi, René, Samir, Sipho, Stanisław, Suresh, Tariq, Tendai,
  Thaddeus, Tomás, Tunde, Vikram, Wei, Youssouf, Zoltán
`);

export const streets = list(`
  Alder Row, Bakehouse Lane, Bellfounder Street, Brook Terrace, Canal Walk, Chapel Rise, Cooper's Yard, Dovecote Close, Ferry
  Road, Foundry Court, Granary Street, Harbour View, Hazel Drive, Kiln Lane, Lantern Street, Larkspur Avenue, Mill Bank,
  Orchard Way, Priory Gardens, Quarry Hill, Saddler's Row, Saltmarsh Road, Station Parade, Tannery Wharf, Thornfield Road,
  Viaduct Street, Weir Lane, Windmill Crescent
`);

export const towns = list(`
  Ashcombe, Brackenford, Calder Quay, Dunmere, Eastwick, Fernhollow, Harrowdene, Kestrel Bay, Lowmoor, Marlpit, Northgate,
  Overbridge, Saltersfield, Thistledown, Upper Wren
`);
